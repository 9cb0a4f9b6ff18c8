-- 70 place, 10 pay, 10 cancel, 10 redeem of a hundred. What is paid, cancelled and redeemed was placed by this thread
-- before; while there is nothing of the kind, it places instead.

local bench = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local UNPAID = 0.16 -- of the placed: enough to pay from
local KEPT = 4000

placed, paid, cancelled, redeemed, refused = 0, 0, 0, 0, 0
local unpaid, to_cancel, to_redeem = {}, {}, {}
local turn = 0

local function put(pool, value)
  pool.last = (pool.last or 0) + 1
  pool[pool.last] = value
  if pool.last - (pool.first or 1) >= KEPT then
    pool[pool.first or 1] = nil
    pool.first = (pool.first or 1) + 1
  end
end

local function take(pool)
  local first = pool.first or 1
  local value = pool[first]
  if value then
    pool[first] = nil
    pool.first = first + 1
  end
  return value
end

function init() bench.start() end

function request()
  local drawn = math.random(100)
  local order
  if drawn <= 10 then
    order = take(unpaid)
    if order then
      paid = paid + 1
      return bench.post("/api/v1/orders/" .. order.id .. "/pay", order.buyer, '{"method":"prepaid"}')
    end
  elseif drawn <= 20 then
    order = take(to_cancel)
    if order then
      cancelled = cancelled + 1
      return bench.post("/api/v1/orders/" .. order.id .. "/cancel", order.buyer, '{"reason":"行程有变"}')
    end
  elseif drawn <= 30 then
    order = take(to_redeem)
    if order then
      redeemed = redeemed + 1
      return bench.post("/api/v1/tickets/redeem", order.supplier, '{"code":"' .. order.code .. '"}')
    end
  end
  placed = placed + 1
  return bench.place(math.random() >= UNPAID)
end

function response(status, _, body)
  if status == 201 then
    local order = {
      id = body:match('"id":"([^"]+)"'),
      buyer = bench.data.token_of[body:match('"distributor_id":"([^"]+)"')],
      supplier = bench.data.token_of[body:match('"supplier_id":"([^"]+)"')],
      code = body:match('"code":"([^"]+)"'),
    }
    if not order.code then
      put(unpaid, order)
    else
      turn = 1 - turn
      put(turn == 0 and to_cancel or to_redeem, order)
    end
  elseif status >= 300 then
    refused = refused + 1
    if refused == 1 then io.stderr:write(status, " ", body, "\n") end
  end
end

function done(summary, latency)
  bench.report(summary, latency, { "placed", "paid", "cancelled", "redeemed" })
end
