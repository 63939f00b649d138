import { LUA_BLOCKS } from "./lua-blocks.js";

/**
 * The script that counts in Redis. It runs as a whole or not at all, on the clock of the server.
 *
 * Keys: two for each request, its counter and its block. Arguments: the operation, whether the command is sent for the
 * first time, an id that no other call has, and nine for each request. Answer: one text, which all clients hand over
 * unchanged, whatever they make of numbers and lists.
 *
 * - A bucket is `base debt rate born`, three doubles and a text: `debt` ticks were missing at the millisecond `base`, and `rate` of them come back
 *   in each one. `born` is the id of the charge that began it: a refund does not reach into a later one.
 *   Only a bucket of more than 2^53 ticks is rounded, by far less than a unit: `slack` lets its last one pass.
 * - A window is `base left used born`: `left` of it was left at `base`, however long windows are by now.
 * - A log and leases are a sorted set of units, by the microsecond at which each comes back.
 * - A receipt ends with how many units were short: what refuses nothing charges what is left. Who has used less than he asked for gives back what
 *   is too many for that.
 *
 * Times that run from `base` survive a clock that is set back. Every key expires when it says no more than no key. All is
 * read before anything is written, so that an error leaves nothing half done. What a call does not need is not even made: to make
 * a function costs a fifth of what it costs to read a key. It needs Redis 5 or later, where scripts
 * may read the clock before they write, or any Valkey.
 */
export const LUA_SCRIPT = `
local op, first, id = ARGV[1], ARGV[2], ARGV[3]
if first ~= '1' then return 'replayed' end
local call, pack, unstruct = redis.call, struct.pack, struct.unpack
local min, max, ceil, floor, format = math.min, math.max, math.ceil, math.floor, string.format
local changes = op ~= 'consume' and op ~= 'look'
local time = call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = floor(micros / 1000)

local function whole(number) return format('%.0f', number) end

local function put(key, text, ms)
  call('SET', key, text, 'PX', min(max(ceil(ms), 1), 1e14))
end

local function stateOf(key, size)
  local state = call('GET', key)
  if state and #state < size then error('the key holds no count of a rate limit') end
  return state
end

local function makeBucket()
local function saveBucket(r)
  if r.debt <= 0 then call('DEL', r.key) return end
  put(r.key, pack('<ddd', now, r.debt, r.rate) .. r.born, r.debt / r.rate)
end

local bucket = {}
function bucket.load(r)
  r.price, r.depth = r.cost * r.unit, r.burst * r.unit
  r.slack = r.depth > 9007199254740992 and r.depth / 1125899906842624 or 0
  local state = stateOf(r.key, 25)
  if not state then return end
  local base, debt, rate = unstruct('<ddd', state)
  if rate ~= r.rate then debt = ceil(debt * r.rate / rate) end
  debt = debt - max(0, now - base) * r.rate
  if debt <= 0 then return end
  r.debt, r.born = debt, string.sub(state, 25)
  if base > now then saveBucket(r) end
end
function bucket.fits(r) return r.debt + r.price <= r.depth + r.slack end
function bucket.charge(r)
  if r.kind == 'queue' then r.delay = ceil(r.debt / r.rate) end
  r.debt = r.debt + r.price
  saveBucket(r)
  return format('%s,%d,%.0f,%d,%d', r.born, now, r.debt, r.cost, r.short)
end
function bucket.answer(r)
  local free = r.depth + r.slack - r.debt
  return floor(free / r.unit), ceil((r.price - free) / r.rate), ceil(r.debt / r.rate)
end
if not changes then return bucket end

function bucket.drain(r)
  if r.debt >= r.depth then return end
  r.debt = min(r.depth, r.debt + r.price)
  saveBucket(r)
end
function bucket.refund(r, receipt)
  local born, at, debt, cost, short = string.match(receipt, '^([^,]+),(%d+),(%d+),(%d+),(%d+)$')
  if born ~= r.born then return end
  local missing = debt - max(0, now - at) * r.rate
  -- Those behind it in a queue know their turns: nobody else may get them.
  if r.kind == 'queue' and r.debt > missing then return end
  local credit = min(min(r.cost - short, tonumber(cost)) * r.unit, missing)
  if credit <= 0 then return end
  r.debt = r.debt - credit
  saveBucket(r)
end
function bucket.reward(r)
  r.debt = r.debt - r.price
  saveBucket(r)
end
return bucket
end

local function makeWindow()
local function saveWindow(r)
  if r.used <= 0 then call('DEL', r.key) return end
  put(r.key, pack('<ddd', now, r.finish - now, r.used) .. r.born, r.finish - now)
end

local window = {}
function window.load(r)
  r.finish = now + r.span
  local state = stateOf(r.key, 25)
  if not state then return end
  local base, left, used = unstruct('<ddd', state)
  left = left - max(0, now - base)
  if left <= 0 then return end
  r.finish, r.used, r.born = now + left, used, string.sub(state, 25)
  if base > now then saveWindow(r) end
end
function window.fits(r) return r.used + r.cost <= r.burst end
function window.charge(r)
  r.used = r.used + r.cost
  saveWindow(r)
  return format('%s,%d,%d', r.born, r.cost, r.short)
end
function window.answer(r)
  local left = r.used > 0 and r.finish - now or 0
  return r.burst - r.used, r.used + r.cost > r.burst and left or 0, left
end
if not changes then return window end

function window.drain(r)
  if r.used >= r.burst then return end
  r.used = min(r.burst, r.used + r.cost)
  saveWindow(r)
end
function window.refund(r, receipt)
  local born, cost, short = string.match(receipt, '^([^,]+),(%d+),(%d+)$')
  if born == r.born then window.reward(r, max(0, min(r.cost - short, tonumber(cost)))) end
end
function window.reward(r, cost)
  r.used = max(0, r.used - cost)
  saveWindow(r)
end
return window
end

local function makeUnits()
local units = {}
function units.load(r)
  r.used = call('ZCOUNT', r.key, '(' .. whole(micros), '+inf')
  r.latest = micros
  if r.used == 0 then return end
  r.latest = tonumber(call('ZREVRANGE', r.key, 0, 0, 'WITHSCORES')[2])
  local last = micros + r.span * 1000
  if r.latest <= last then return end
  for _, unit in ipairs(call('ZRANGEBYSCORE', r.key, '(' .. whole(last), '+inf')) do
    call('ZADD', r.key, whole(last), unit)
  end
  r.latest = last
  call('PEXPIRE', r.key, whole(r.span))
end
function units.fits(r) return r.used + r.cost <= r.burst end
function units.add(r, count)
  if count <= 0 then return end
  local back = micros + r.span * 1000
  call('ZREMRANGEBYSCORE', r.key, '-inf', whole(micros))
  local added = {}
  for n = 1, count do
    added[#added + 1] = whole(back)
    added[#added + 1] = id .. ':' .. n
    if #added == 200 or n == count then
      call('ZADD', r.key, unpack(added))
      added = {}
    end
  end
  r.used, r.latest = r.used + count, max(r.latest, back)
  call('PEXPIRE', r.key, whole(ceil((r.latest - micros) / 1000)))
end
function units.charge(r)
  units.add(r, r.cost)
  return format('%s,%d', id, r.short)
end
function units.drain(r) units.add(r, min(r.cost, r.burst - r.used)) end
function units.refund(r, receipt)
  local from, short = string.match(receipt, '^([^,]+),(%d+)$')
  if not from then return end
  for n = 1, min(r.cost - short, r.burst) do call('ZREM', r.key, from .. ':' .. n) end
end
function units.reward(r, cost)
  if cost > 0 then call('ZREMRANGEBYRANK', r.key, -cost, -1) end
end
function units.answer(r)
  local wait, excess = 0, r.used + r.cost - r.burst
  if r.cost > 0 and excess > 0 then
    local from = '(' .. whole(micros)
    local unit = call('ZRANGEBYSCORE', r.key, from, '+inf', 'WITHSCORES', 'LIMIT', excess - 1, 1)
    wait = unit[2] and ceil((unit[2] - micros) / 1000) or r.span
  end
  return r.burst - r.used, wait, ceil((r.latest - micros) / 1000)
end

return units
end

local makers = {bucket = makeBucket, queue = makeBucket, window = makeWindow, log = makeUnits, leases = makeUnits}
local counters = {}
local function counterOf(kind)
  counters[kind] = counters[kind] or makers[kind]()
  return counters[kind]
end

${LUA_BLOCKS}
local requests = {}
for i = 1, #KEYS / 2 do
  local at = 3 + (i - 1) * 9
  local kind = ARGV[at + 1]
  requests[i] = {
    key = KEYS[2 * i - 1], blockKey = KEYS[2 * i], kind = kind, counter = counterOf(kind),
    cost = tonumber(ARGV[at + 2]), burst = tonumber(ARGV[at + 3]), span = tonumber(ARGV[at + 4]),
    rate = tonumber(ARGV[at + 5]), unit = tonumber(ARGV[at + 6]),
    blocking = ARGV[at + 7], soft = ARGV[at + 8] == '1', extra = ARGV[at + 9], born = id,
    debt = 0, price = 0, depth = 0, slack = 0, delay = 0, used = 0, finish = 0, latest = 0, short = 0,
    allowed = false, blocked = 0,
  }
end

if changes then
  for _, r in ipairs(requests) do
    if op == 'reset' then
      call('DEL', r.key, r.blockKey)
    elseif op == 'block' then
      blocks().set(r, tonumber(r.extra))
    else
      r.counter.load(r)
      if op == 'charge' then
        r.counter.drain(r)
      elseif r.extra == '' then
        r.counter.reward(r, r.cost)
      else
        r.counter.refund(r, r.extra)
      end
    end
  end
  return 'done'
end

local admitted = op == 'consume'
for i = 1, #requests do
  local r = requests[i]
  r.counter.load(r)
  if r.soft then
    local left, asked = r.counter.answer(r), r.cost
    r.cost = min(asked, max(0, left))
    r.short = asked - r.cost
    r.price = r.cost * r.unit
  end
  if r.blocking ~= '' and call('EXISTS', r.blockKey) == 1 then r.blocked = blocks().load(r).left end
  r.allowed = r.blocked == 0 and (r.cost == 0 or r.counter.fits(r))
  admitted = admitted and r.allowed
end

local answer = ''
for i = 1, #requests do
  local r = requests[i]
  local receipt = '-'
  if admitted then
    if r.cost > 0 then receipt = r.counter.charge(r) end
  elseif not r.allowed and r.blocked == 0 and r.blocking ~= '' and r.cost <= r.burst then
    r.blocked = blocks().refuse(r)
  end
  local left, wait, reset = r.counter.answer(r)
  if r.blocked > 0 then wait = r.blocked elseif r.cost == 0 then wait = 0 end
  answer = answer .. format('%d %d %d %d %d %d %s;', r.allowed and 1 or 0, min(max(left, 0), r.burst),
    min(max(wait, 0), 1e14), max(reset, 0), r.delay, r.blocked > 0 and 1 or 0, receipt)
end
return answer
`;
