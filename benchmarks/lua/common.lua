-- What the scripts share: the data of this run, a key for each request, requests as they go over the wire.
-- Every thread has a copy of its own; `id` is its number.

local data = dofile(os.getenv("BENCH_DATA"))
local threads = {}
local bench = { data = data }
local sent = 0

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function bench.start()
  math.randomseed(data.seed * 64 + id)
end

function bench.post(path, token, body)
  sent = sent + 1
  return "POST " .. path .. " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "
    .. token .. "\r\nIdempotency-Key: " .. data.run .. "-" .. id .. "-" .. sent
    .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- An order of one unit: a random distributor buys a random product of its supplier.
function bench.place(pay)
  local buyer = data.buyers[math.random(#data.buyers)]
  local offers = data.suppliers[buyer.supplier].offers
  return bench.post("/api/v1/orders", buyer.token,
    '{"channel":"individual","customer":{"name":"王小明","phone":"13800138000"},"lines":[{"sku_id":"'
    .. offers[math.random(#offers)] .. '}]' .. (pay and ',"pay":{"method":"prepaid"}}' or "}"))
end

-- One line of JSON for the programme. `counts`: names of global counters of the threads.
function bench.report(summary, latency, counts)
  local told = {}
  for _, name in ipairs(counts) do
    local sum = 0
    for _, thread in ipairs(threads) do sum = sum + thread:get(name) end
    table.insert(told, string.format('"%s":%d', name, sum))
  end
  local errors = summary.errors
  io.write(string.format(
    'BENCH {"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,"refused":%d,"failed":%d,"counts":{%s}}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    table.concat(told, ",")))
end

return bench
