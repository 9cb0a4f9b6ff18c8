-- Requests that the programme has made, one after the other from a random one on. For reads.

local bench = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local requests = bench.data.requests
local next_one = 1

function init()
  bench.start()
  next_one = math.random(#requests)
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency) bench.report(summary, latency, {}) end
