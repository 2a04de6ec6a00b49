// Serves the handler of app/hook/route.js as Next.js calls it: with a Request.
import http from 'node:http'
import { Readable } from 'node:stream'
import { POST } from './app/hook/route.mjs'

http.createServer(async (req, res) => {
  const answer = await POST(new Request('http://127.0.0.1' + req.url, {
    method: req.method, headers: Object.entries(req.headers), body: Readable.toWeb(req), duplex: 'half',
  }))
  res.writeHead(answer.status).end()
}).listen(Number(process.env.PORT), '127.0.0.1')
