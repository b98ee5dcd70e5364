// Asks one question over and over with autocannon, and prints what came of it as JSON.
// Its own histogram is of whole milliseconds, so the times of answers are kept here as they were.
import autocannon from 'autocannon'

const { limit, requests, ...options } = JSON.parse(process.argv[2])
const times = []
const others = {}
let errors = 0
let last = 0

// Each connection begins elsewhere in what is asked in turn, so that they do not go in step.
let clients = 0
function setupClient (client) {
  const first = (clients++ * 37) % requests.length
  client.setRequests([...requests.slice(first), ...requests.slice(0, first)])
}

let begun = 0
const run = autocannon({ ...options, ...limit, requests, setupClient, timeout: 60, sampleInt: 100 })
run.on('start', () => { begun = performance.now() })
run.on('response', (_client, status, _bytes, milliseconds) => {
  last = performance.now()
  if (status === 200) times.push(milliseconds)
  else others[status] = (others[status] ?? 0) + 1
})
run.on('reqError', () => { errors += 1 })
await run

times.sort((a, b) => a - b)
const percentile = share => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null
console.log(JSON.stringify({
  answered: times.length,
  seconds: (last - begun) / 1000,
  p50: percentile(0.5),
  p99: percentile(0.99),
  others,
  errors
}))
