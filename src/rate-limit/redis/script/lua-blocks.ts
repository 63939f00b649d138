/**
 * The part of the script that blocks keys which keep being refused. A block is `base left forget strikes refusals span`,
 * times as what was left of them at `base`: `forget` until one of the `strikes` is forgotten, `span` until the `refusals` are.
 */
export const LUA_BLOCKS = `
local function makeBlocks()
local blocks = {}

local function blockingOf(r)
  local after, within, forget, list = string.match(r.blocking, '^(%d+) (%d+) (%d+) (.+)$')
  return tonumber(after), tonumber(within), tonumber(forget), list
end

local function saveBlock(r, b)
  local history = b.strikes > 0 and b.forget + (b.strikes - 1) * b.period or 0
  local ms = max(b.left, history, b.refusals > 0 and b.span or 0)
  if ms <= 0 then call('DEL', r.blockKey) return end
  local state = pack('<dddddd', now, b.left, b.forget, b.strikes, b.refusals, b.span)
  put(r.blockKey, state, ms)
end

function blocks.load(r)
  local _, _, period = blockingOf(r)
  local b = {left = 0, forget = 0, strikes = 0, refusals = 0, span = 0, period = period or 0}
  local state = stateOf(r.blockKey, 48)
  if not state then return b end
  local base, left, forget, strikes, refusals, span = unstruct('<dddddd', state)
  local passed = max(0, now - base)
  b.left, b.forget, b.span = max(0, left - passed), forget - passed, max(0, span - passed)
  if b.forget > 0 then
    b.strikes = strikes
  elseif period then
    local forgotten = floor(-b.forget / period) + 1
    b.strikes, b.forget = max(0, strikes - forgotten), b.forget + forgotten * period
  end
  if b.span > 0 then b.refusals = refusals end
  if base > now then saveBlock(r, b) end
  return b
end

function blocks.refuse(r)
  local after, within, forget, list = blockingOf(r)
  local b, durations = blocks.load(r), {}
  for ms in string.gmatch(list, '%d+') do durations[#durations + 1] = tonumber(ms) end
  b.refusals = b.refusals + 1
  if b.refusals == 1 then b.span = within end
  if b.refusals >= after then
    b.strikes = min(b.strikes + 1, #durations)
    b.left = durations[b.strikes]
    b.forget = b.left + forget
    b.refusals, b.span = 0, 0
  end
  saveBlock(r, b)
  return b.left
end
function blocks.set(r, ms)
  local b = blocks.load(r)
  if ms == 0 and b.left == 0 then return end
  b.left, b.forget = ms, ms + b.period
  saveBlock(r, b)
end

return blocks
end

local madeBlocks
local function blocks()
  madeBlocks = madeBlocks or makeBlocks()
  return madeBlocks
end
`;
