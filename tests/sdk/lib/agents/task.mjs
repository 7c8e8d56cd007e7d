// The task that every agent is given, and what the model answers: two calls of the agent's own shell tool, then words.
// The calls are made from the tools that the request offers, so that a target sees them as its own model would.

export const secretWord = 'quince-7319';

export const prompt = 'Write the word in the file word.txt into a new file called proof.txt, then say that you are done.';

export const commands = ['cat word.txt', 'cat word.txt > proof.txt && ls'];

export const lastWords = 'The word is in proof.txt now.';

export const thoughts = ['I look at the file first.', 'Now I write the other one.', 'All is done.'];

export const usage = { input: 5000, cacheRead: 1200, output: 90, reasoning: 25 };

/** How each agent's shell tool is called, by the tool's name. */
const shells = {
  Bash: (command) => ({ command, description: 'Works on the file' }),
  exec_command: (command) => ({ cmd: command }),
  shell: (command) => ({ command: ['bash', '-lc', command] }),
  shell_command: (command) => ({ command }),
  run_shell_command: (command) => ({ command, description: 'Works on the file' }),
};

/** The call that the model makes after so many results, or undefined when it has said all. */
export function callFor(toolNames, results) {
  const command = commands[results];
  if (!command) {
    return undefined;
  }
  const name = toolNames.find((tool) => Object.hasOwn(shells, tool));
  return name && { name, args: JSON.stringify(shells[name](command)) };
}
