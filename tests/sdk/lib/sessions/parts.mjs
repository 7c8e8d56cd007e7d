// What every session holds, whatever the SDK: a picture, a schema, a shell.

/** One red dot, 1 x 1. */
export const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

export const schema = {
  type: 'object', properties: { word: { type: 'string' }, length: { type: 'integer' } }, required: ['word', 'length'],
  additionalProperties: false,
};

export const shell = {
  name: 'shell_command', description: 'Runs a command',
  parameters: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
};

export const system = 'You work on files.';

export const question = 'What is in the file? The picture shows where it lies.';

export const resultOf = (call) => `ran ${JSON.parse(call.args).command}`;

const callsMax = 8;

/** Asks and answers calls until the model has no more; gives all answers in order. */
export async function loop(ask, answer) {
  const answers = [];
  for (let i = 0; i < callsMax; i += 1) {
    const said = await ask();
    answers.push(said);
    if (said.calls.length === 0) {
      return answers;
    }
    answer(said);
  }
  throw new Error(`the model calls again and again: ${JSON.stringify(answers)}`);
}
