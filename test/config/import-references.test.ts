import t from 'tap';
import { importedReferences, variableName } from '../../config/import-references.js';

function replaced(text: string, inputs: unknown = []) {
  const notes: string[] = [];
  const { env } = importedReferences({ env: { K: [text] } }, inputs, (path, { message, hint }) =>
    notes.push(`${path.join('.')} ${message}; ${hint ?? ''}`),
  );
  return { text: (env as { K: string[] }).K[0], notes };
}

t.test('references that work here stay, in their plain form', (t) => {
  for (const [text, expected] of [
    ['Bearer ${TOKEN}', 'Bearer ${TOKEN}'],
    ['${TOKEN:-a}${B}', '${TOKEN:-a}${B}'],
    ['${env:TOKEN}', '${TOKEN}'],
    ['$${not}', '$${not}'],
  ] as const) {
    t.same(replaced(text), { text: expected, notes: [] });
  }
  t.end();
});

t.test('what a client asks its user for is a variable, with what it asks', (t) => {
  const inputs = [{ id: 'gh-token', description: 'GitHub PAT' }, 'x'];
  const { text, notes } = replaced('Bearer ${input:gh-token}', inputs);
  t.equal(text, 'Bearer ${GH_TOKEN}');
  t.match(notes, [/^env.K.0 is asked.*\$\{GH_TOKEN\}; set GH_TOKEN.*: GitHub PAT$/]);
  t.match(replaced('${input:other}', inputs).notes, [/runs$/]);
  t.match(replaced('${input:other}', null).notes, [/runs$/]);
  t.equal(variableName('2-a.b_'), '_2_A_B');
  t.end();
});

t.test('what only an editor can fill stays and is told', (t) => {
  for (const text of ['${workspaceFolder}/x', '${userHome}', '${config:a.b}', '${/}']) {
    const found = replaced(text);
    t.equal(found.text, text);
    t.match(found.notes, [/in an editor only/], text);
  }
  t.end();
});
