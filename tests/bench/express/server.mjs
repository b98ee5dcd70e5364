// A minimal Express server that answers four of the API's questions as the API does, as anybody
// would write it. It has no log, no metrics and no request ids, which ours has; it limits logins,
// because an answer to one says how many are left.
import cluster from 'node:cluster'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import argon2 from 'argon2'
import express from 'express'
import jwt from 'jsonwebtoken'
import { MongoClient, ObjectId } from 'mongodb'

const { BUCKET, DATABASE_NAME, DATABASE_URI, KEY, LOGIN_LIMIT, MEMORY, PORT, WORKERS } = process.env
const URL_KEY = createHmac('sha256', KEY).update('cinema image url').digest()
const WINDOW_SECONDS = 1800

// Everything in this process, from a file: what the application costs by itself.
function inMemory (file) {
  const { films, user, bucket, images } = JSON.parse(readFileSync(file, 'utf8'))
  const users = new Map([[user._id, user]])
  const counts = new Map()
  const objects = new Map(images.map(({ data, ...facts }) => [
    facts.Key, { ...facts, LastModified: new Date(facts.LastModified), data: Buffer.from(data, 'base64') }
  ]))
  return {
    page: async (skip, limit) => [films.slice(skip, skip + limit), films.length],
    userById: async id => users.get(id),
    userByName: async name => [...users.values()].find(one => one.Username === name),
    count: async name => {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      return counts.get(name)
    },
    list: async () => ({
      Name: bucket,
      Prefix: '',
      MaxKeys: 1000,
      KeyCount: objects.size,
      IsTruncated: false,
      Contents: [...objects.values()]
    }),
    open: async key => {
      const { data, ...facts } = objects.get(key)
      return { ...facts, ContentLength: data.length, Body: Readable.from([data]) }
    }
  }
}

// The database and the bucket, by their official drivers.
async function overServers () {
  const client = await new MongoClient(DATABASE_URI, {
    maxPoolSize: 50, writeConcern: { w: 'majority', journal: true }
  }).connect()
  const database = client.db(DATABASE_NAME)
  const movies = database.collection('movies')
  const users = database.collection('users')
  const counters = database.collection('limits')
  const s3 = new S3Client({ forcePathStyle: true })
  return {
    page: (skip, limit) => Promise.all([
      movies.find({}, { skip, limit, sort: { Title: 1 } }).toArray(),
      movies.countDocuments({})
    ]),
    userById: id => users.findOne({ _id: new ObjectId(id) }),
    userByName: name => users.findOne({ Username: name }),
    count: async (name, expires) => (await counters.findOneAndUpdate(
      { _id: name },
      { $inc: { count: 1 }, $setOnInsert: { expires } },
      { upsert: true, returnDocument: 'after' }
    )).count,
    list: () => s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: '', MaxKeys: 1000 })),
    open: key => s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
  }
}

function application (store) {
  const app = express()
  app.disable('x-powered-by')

  async function loggedIn (request, response, next) {
    try {
      const token = request.headers.authorization?.replace(/^Bearer /i, '')
      const { uid } = jwt.verify(token, KEY, { algorithms: ['HS256'] })
      // Read each time, as ours does: who is gone has no way in.
      if (await store.userById(uid)) return next()
    } catch (error) {
      if (!(error instanceof jwt.JsonWebTokenError)) throw error
    }
    response.status(401).json({ status_code: 401, detail: 'Please log in.' })
  }

  app.get('/movies', loggedIn, async (request, response) => {
    const page = Number(request.query.page)
    const size = Number(request.query.pageSize)
    const [films, total] = await store.page((page - 1) * size, size)
    const origin = `${request.protocol}://${request.get('host')}`
    response.set({ 'X-Total-Count': total, 'X-Page': page, 'X-Page-Size': size })
    response.json(films.map(film => ({ ...film, ImagePath: origin + film.ImagePath })))
  })

  async function limited (who) {
    const now = Math.floor(Date.now() / 1000)
    const window = Math.floor(now / 60)
    const used = await store.count(`express:${who}:${window}`, new Date((window + 2) * 60_000))
    return {
      refused: used > LOGIN_LIMIT,
      headers: {
        'RateLimit-Limit': LOGIN_LIMIT,
        'RateLimit-Remaining': Math.max(0, LOGIN_LIMIT - used),
        'RateLimit-Reset': (window + 1) * 60 - now
      }
    }
  }

  app.post('/login', express.json(), async (request, response) => {
    const { Username, Password } = request.body
    // By address, and by name, as ours does.
    const byAddress = await limited(`address ${request.ip}`)
    const byName = await limited(`name ${Username}`)
    response.set(byAddress.headers)
    if (byAddress.refused || byName.refused) {
      return response.status(429).json({ status_code: 429, detail: 'That is too often.' })
    }
    const found = await store.userByName(Username)
    if (!found || !await argon2.verify(found.Password, Password)) {
      return response.status(400).json({ message: 'Incorrect username or password.', user: false })
    }
    const { Password: _, ...user } = found
    const token = jwt.sign({ sub: user.Username, uid: String(user._id) }, KEY, { expiresIn: '7d' })
    response.json({ user, token })
  })

  app.get('/images', loggedIn, async (request, response) => {
    const { Name, Prefix, MaxKeys, KeyCount, IsTruncated, Contents } = await store.list()
    response.json({
      Name,
      Prefix: Prefix ?? '',
      MaxKeys,
      KeyCount,
      IsTruncated,
      Contents: Contents.map(({ Key, LastModified, ETag, Size, StorageClass }) => ({
        Key,
        LastModified: LastModified.toISOString().replace('.000Z', 'Z'),
        ETag,
        Size,
        StorageClass,
        Url: signed(Key)
      }))
    })
  })

  app.get('/images/:key', loggedIn, async (request, response) => {
    const image = await store.open(request.params.key)
    response.set({
      'Content-Type': image.ContentType,
      'Content-Length': image.ContentLength,
      ETag: image.ETag,
      'Last-Modified': image.LastModified.toUTCString(),
      'Cache-Control': 'private, max-age=3600'
    })
    await pipeline(image.Body, response)
  })

  return app
}

function signed (key) {
  const expires = (Math.floor(Date.now() / 1000 / WINDOW_SECONDS) + 3) * WINDOW_SECONDS
  const digest = createHmac('sha256', URL_KEY).update(`${expires}\n${key}`).digest()
  const signature = digest.subarray(0, 24).toString('base64url')
  return `/images/${encodeURIComponent(key)}?expires=${expires}&signature=${signature}`
}

if (cluster.isPrimary && Number(WORKERS) > 1) {
  for (let number = 0; number < Number(WORKERS); number++) cluster.fork()
} else {
  const store = MEMORY ? inMemory(MEMORY) : await overServers()
  application(store).listen(Number(PORT), '127.0.0.1')
}
