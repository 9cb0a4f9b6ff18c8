-- Orders paid from the account in the same call.

local bench = dofile(os.getenv("BENCH_LUA") .. "/common.lua")

function init() bench.start() end

function request() return bench.place(true) end

function done(summary, latency) bench.report(summary, latency, {}) end
