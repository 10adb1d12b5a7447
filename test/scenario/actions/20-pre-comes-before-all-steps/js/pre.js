const { appendFileSync } = require('fs');
const { INPUT_NAME: name } = process.env;
console.log(`pre of ${name}`);
appendFileSync(process.env.GITHUB_STATE, `before=pre-of-${name}\n`);
appendFileSync(process.env.GITHUB_ENV, `FROM_PRE=${name}\n`);
appendFileSync(process.env.GITHUB_OUTPUT, 'made=before\n');
if (name === 'bad') process.exit(3);
