/** A process that does nothing until it is killed or its input ends. */
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
