/**
 * The script that counts in Redis. It runs as a whole or not at all, on the clock of the server.
 *
 * Keys: two for each request, its counter and its block. Arguments: the operation, whether the command is sent for the
 * first time, an id that no other call has, and eight for each request. Answer: one text, which all clients hand over
 * unchanged, whatever they make of numbers and lists.
 *
 * - A bucket is `base debt rate born`: `debt` ticks were missing at the millisecond `base`, and `rate` of them come back
 *   in each one. `born` is the id of the charge that began it: a refund does not reach into a later one.
 *   Only a bucket of more than 2^53 ticks is rounded, by far less than a unit: `slack` lets its last one pass.
 * - A window is `end used born`.
 * - A log and leases are a sorted set of units, by the microsecond at which each comes back.
 * - A block is `base left forget strikes refusals span`, times as what was left of them at `base`.
 *
 * Times that run from `base` survive a clock that is set back. Every key expires when it says no more than no key. All is
 * read before anything is written, so that an error leaves nothing half done. It needs Redis 5 or later, where scripts
 * may read the clock before they write, or any Valkey.
 */
export const LUA_SCRIPT = `
local op, first, id = ARGV[1], ARGV[2], ARGV[3]
if first ~= '1' then return 'replayed' end
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)

local function whole(number) return string.format('%.0f', number) end

local function put(key, text, ms)
  redis.call('SET', key, text, 'PX', whole(math.min(math.max(math.ceil(ms), 1), 1e15)))
end

local function numbers(key, pattern)
  local text = redis.call('GET', key)
  if not text then return nil end
  local found = {string.match(text, pattern)}
  if #found == 0 then error('the key holds no count of a rate limit') end
  return found
end

local function saveBucket(r)
  if r.debt <= 0 then redis.call('DEL', r.key) return end
  local text = whole(now) .. ' ' .. whole(r.debt) .. ' ' .. whole(r.rate) .. ' ' .. r.born
  put(r.key, text, r.debt / r.rate)
end

local bucket = {}
function bucket.load(r)
  r.debt, r.born, r.delay = 0, id, 0
  r.price, r.depth = r.cost * r.unit, r.burst * r.unit
  r.slack = r.depth > 9007199254740992 and r.depth / 1125899906842624 or 0
  local found = numbers(r.key, '^(%d+) (%d+) (%d+) (%S+)$')
  if not found then return end
  local base, debt, rate = tonumber(found[1]), tonumber(found[2]), tonumber(found[3])
  if rate ~= r.rate then debt = math.ceil(debt * r.rate / rate) end
  debt = debt - math.max(0, now - base) * r.rate
  if debt <= 0 then return end
  r.debt, r.born = debt, found[4]
  if base > now then saveBucket(r) end
end
function bucket.fits(r) return r.debt + r.price <= r.depth + r.slack end
function bucket.charge(r)
  if r.kind == 'queue' then r.delay = math.ceil(r.debt / r.rate) end
  r.debt = r.debt + r.price
  saveBucket(r)
  return r.born .. ',' .. whole(now) .. ',' .. whole(r.debt)
end
function bucket.drain(r)
  if r.debt >= r.depth then return end
  r.debt = math.min(r.depth, r.debt + r.price)
  saveBucket(r)
end
function bucket.refund(r, receipt)
  local born, at, debt = string.match(receipt, '^([^,]+),(%d+),(%d+)$')
  if born ~= r.born then return end
  local missing = debt - math.max(0, now - at) * r.rate
  local credit = math.min(r.price, missing)
  if credit <= 0 then return end
  r.debt = r.debt - credit
  saveBucket(r)
end
function bucket.answer(r)
  local free = r.depth + r.slack - r.debt
  return math.floor(free / r.unit), math.ceil((r.price - free) / r.rate), math.ceil(r.debt / r.rate)
end

local function saveWindow(r)
  if r.used <= 0 then redis.call('DEL', r.key) return end
  put(r.key, whole(r.finish) .. ' ' .. whole(r.used) .. ' ' .. r.born, r.finish - now)
end

local window = {}
function window.load(r)
  r.finish, r.used, r.born = now + r.span, 0, id
  local found = numbers(r.key, '^(%d+) (%d+) (%S+)$')
  if not found or tonumber(found[1]) <= now then return end
  local finish = tonumber(found[1])
  r.used, r.born = tonumber(found[2]), found[3]
  if finish > r.finish then saveWindow(r) else r.finish = finish end
end
function window.fits(r) return r.used + r.cost <= r.burst end
function window.charge(r)
  r.used = r.used + r.cost
  saveWindow(r)
  return r.born
end
function window.drain(r)
  if r.used >= r.burst then return end
  r.used = math.min(r.burst, r.used + r.cost)
  saveWindow(r)
end
function window.refund(r, receipt)
  if receipt ~= r.born or r.used == 0 then return end
  r.used = r.used - math.min(r.used, r.cost)
  saveWindow(r)
end
function window.answer(r)
  local left = r.used > 0 and r.finish - now or 0
  return r.burst - r.used, r.used + r.cost > r.burst and left or 0, left
end

local units = {}
function units.load(r)
  r.used = redis.call('ZCOUNT', r.key, '(' .. whole(micros), '+inf')
  r.latest = micros
  if r.used == 0 then return end
  r.latest = tonumber(redis.call('ZREVRANGE', r.key, 0, 0, 'WITHSCORES')[2])
  local last = micros + r.span * 1000
  if r.latest <= last then return end
  for _, unit in ipairs(redis.call('ZRANGEBYSCORE', r.key, '(' .. whole(last), '+inf')) do
    redis.call('ZADD', r.key, whole(last), unit)
  end
  r.latest = last
  redis.call('PEXPIRE', r.key, whole(r.span))
end
function units.fits(r) return r.used + r.cost <= r.burst end
function units.add(r, count)
  if count <= 0 then return end
  local back = micros + r.span * 1000
  redis.call('ZREMRANGEBYSCORE', r.key, '-inf', whole(micros))
  local added = {}
  for n = 1, count do
    added[#added + 1] = whole(back)
    added[#added + 1] = id .. ':' .. n
    if #added == 200 or n == count then
      redis.call('ZADD', r.key, unpack(added))
      added = {}
    end
  end
  r.used, r.latest = r.used + count, math.max(r.latest, back)
  redis.call('PEXPIRE', r.key, whole(math.ceil((r.latest - micros) / 1000)))
end
function units.charge(r)
  units.add(r, r.cost)
  return id
end
function units.drain(r) units.add(r, math.min(r.cost, r.burst - r.used)) end
function units.refund(r, receipt)
  for n = 1, r.cost do redis.call('ZREM', r.key, receipt .. ':' .. n) end
end
function units.answer(r)
  local wait, excess = 0, r.used + r.cost - r.burst
  if r.cost > 0 and excess > 0 then
    local from = '(' .. whole(micros)
    local unit = redis.call('ZRANGEBYSCORE', r.key, from, '+inf', 'WITHSCORES', 'LIMIT', excess - 1, 1)
    wait = unit[2] and math.ceil((unit[2] - micros) / 1000) or r.span
  end
  return r.burst - r.used, wait, math.ceil((r.latest - micros) / 1000)
end

local kinds = {bucket = bucket, queue = bucket, window = window, log = units, leases = units}

local function saveBlock(r)
  local b = r.block
  local ms = math.max(b.left, b.strikes > 0 and b.forget or 0, b.refusals > 0 and b.span or 0)
  if ms <= 0 then redis.call('DEL', r.blockKey) return end
  local fields = {now, b.left, b.forget, b.strikes, b.refusals, b.span}
  for n = 1, #fields do fields[n] = whole(fields[n]) end
  put(r.blockKey, table.concat(fields, ' '), ms)
end

local function loadBlock(r)
  r.block = {left = 0, forget = 0, strikes = 0, refusals = 0, span = 0}
  local found = numbers(r.blockKey, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  if not found then return end
  local passed = math.max(0, now - found[1])
  local b = r.block
  b.left, b.forget = math.max(0, found[2] - passed), math.max(0, found[3] - passed)
  b.span = math.max(0, found[6] - passed)
  if b.forget > 0 then b.strikes = tonumber(found[4]) end
  if b.span > 0 then b.refusals = tonumber(found[5]) end
  if tonumber(found[1]) > now then saveBlock(r) end
end

local function countRefusal(r)
  local after, within, forget, list = string.match(r.blocking, '^(%d+) (%d+) (%d+) (.+)$')
  local b, durations = r.block, {}
  for ms in string.gmatch(list, '%d+') do durations[#durations + 1] = tonumber(ms) end
  b.refusals = b.refusals + 1
  if b.refusals == 1 then b.span = tonumber(within) end
  if b.refusals >= tonumber(after) then
    b.strikes = math.min(b.strikes + 1, #durations)
    b.left = durations[b.strikes]
    b.forget = b.left + forget
    b.refusals, b.span = 0, 0
  end
  saveBlock(r)
end

local requests = {}
for i = 1, #KEYS / 2 do
  local at = 3 + (i - 1) * 8
  local r = {
    key = KEYS[2 * i - 1], blockKey = KEYS[2 * i], kind = ARGV[at + 1],
    cost = tonumber(ARGV[at + 2]), burst = tonumber(ARGV[at + 3]), span = tonumber(ARGV[at + 4]),
    rate = tonumber(ARGV[at + 5]), unit = tonumber(ARGV[at + 6]),
    blocking = ARGV[at + 7], extra = ARGV[at + 8],
  }
  r.counter = kinds[r.kind]
  requests[i] = r
end

if op ~= 'consume' and op ~= 'look' then
  for _, r in ipairs(requests) do
    if op == 'reset' then
      redis.call('DEL', r.key, r.blockKey)
    elseif op == 'block' then
      loadBlock(r)
      r.block.left = tonumber(r.extra)
      r.block.forget = math.max(r.block.forget, r.block.left)
      if r.block.left == 0 then r.block.refusals = 0 end
      saveBlock(r)
    else
      r.counter.load(r)
      if op == 'refund' then r.counter.refund(r, r.extra) else r.counter.drain(r) end
    end
  end
  return 'done'
end

local admitted = op == 'consume'
for _, r in ipairs(requests) do
  r.counter.load(r)
  loadBlock(r)
  r.blocked = r.block.left > 0
  r.allowed = not r.blocked and (r.cost == 0 or r.counter.fits(r))
  admitted = admitted and r.allowed
end

local answers = {}
for i, r in ipairs(requests) do
  local receipt = '-'
  if admitted then
    if r.cost > 0 then receipt = r.counter.charge(r) end
  elseif not r.allowed and not r.blocked and r.blocking ~= '' then
    countRefusal(r)
  end
  local left, wait, reset = r.counter.answer(r)
  if r.block.left > 0 then wait = r.block.left elseif r.cost == 0 then wait = 0 end
  answers[i] = table.concat({
    r.allowed and 1 or 0, whole(math.min(math.max(left, 0), r.burst)), whole(math.max(wait, 0)),
    whole(math.max(reset, 0)), whole(r.delay or 0), r.block.left > 0 and 1 or 0, receipt,
  }, ' ')
end
return table.concat(answers, ';')
`;
