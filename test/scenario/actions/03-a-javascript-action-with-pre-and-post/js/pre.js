require('fs').appendFileSync(process.env.GITHUB_STATE, 'pre<<EOF\ntwo\nlines\nEOF\n');
