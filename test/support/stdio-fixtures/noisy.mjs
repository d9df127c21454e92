// Prints banners and blank lines around its one message, as many servers do.
process.stdout.write('Server ready on stdio!\n\n[info] warming up\n{"not closed\r\n');
process.stdout.write('  {"jsonrpc":"2.0","method":"notifications/hello"} \r\n');
process.stdout.write('\u001b[32mgreen\u001b[0m\n');
process.stdin.resume();
