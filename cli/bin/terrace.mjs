#!/usr/bin/env node
// Written in old JavaScript: a Node that cannot run Terrace must still be able to read this file and say so.
// The needed version is the `engines` entry of the root's package.json; a test compares them.
var needed = [22, 18]
var found = process.versions.node.split('.').map(Number)

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  process.stderr.write(
    'Terrace needs Node.js ' +
      needed.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      '. In a checkout, "npx terrace" uses the right one.\n',
  )
  process.exitCode = 1
} else {
  import('../src/main.ts').then(function (cli) {
    return cli.main(process.argv.slice(2)).then(function (code) {
      process.exitCode = code
    })
  })
}
