/** What to do about a MongoDB that cannot be opened, read off what the driver threw and what caused that. */
import { MongoServerError } from 'mongodb';

/** MongoDB's error codes (src/mongo/base/error_codes.yml of its source). */
const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;

/** Node's codes for a certificate that is not believed (node:tls, "X509 certificate error codes"). */
const NOT_BELIEVED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

const MOST_CAUSES = 8;

/** A sentence that begins with a verb. Names options of the connection string, never what is in it. */
export function mongoAdvice(error: unknown): string {
  const causes = causesOf(error);
  const answers = causes.flatMap((cause) => (cause instanceof MongoServerError ? cause.code : []));
  if (answers.includes(AUTHENTICATION_FAILED)) {
    return 'Check user and password in MONGODB_URI (write @ : / % as %40 %3A %2F %25) and authSource, the database that knows the user.';
  }
  if (answers.includes(UNAUTHORIZED)) {
    return 'Name a user in MONGODB_URI who has the role readWrite on this database.';
  }
  const codes = causes.map((cause) => ('code' in cause ? String(cause.code) : ''));
  if (codes.some((code) => NOT_BELIEVED.has(code))) {
    return 'Name the certificate of who signed the server’s: add tlsCAFile=/path/ca.pem to MONGODB_URI.';
  }
  if (codes.includes('ERR_TLS_CERT_ALTNAME_INVALID')) {
    return 'Use in MONGODB_URI a host name that the server’s certificate holds.';
  }
  if (codes.includes('CERT_HAS_EXPIRED')) return 'Renew the server’s certificate.';
  if (codes.includes('ERR_SSL_WRONG_VERSION_NUMBER')) {
    return 'Remove tls=true from MONGODB_URI: the server does not speak TLS there.';
  }
  if (causes.some((cause) => 'syscall' in cause && cause.syscall === 'open')) {
    return 'Make that file, named in MONGODB_URI, readable for the user of this process.';
  }
  if (causes.some(({ message }) => /connection .* closed/.test(message))) {
    return 'Add tls=true to MONGODB_URI if the server expects TLS.';
  }
  return 'Check that the server runs, and host and port in MONGODB_URI.';
}

function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let next = error; next instanceof Error && causes.length < MOST_CAUSES; next = next.cause) {
    causes.push(next);
  }
  return causes;
}
