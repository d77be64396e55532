// Work shared over threads. The only owner of OpenMP.
#pragma once

#include <cstdint>
#include <functional>

namespace tally {

// Does chunk `index` as worker `worker`; must not throw.
using ChunkFunction = std::function<void(int worker, int64_t index)>;
// Called about every 50 ms from the calling thread, between its chunks or while others finish theirs; true: stop.
using StopFunction = std::function<bool()>;

// Takes the chunks [0, chunks) in increasing order, each by one of at most `workers` workers, of which the calling
// thread is one. False if stopped early. One region has helpers at a time; further callers meanwhile work alone.
bool for_each_chunk(int64_t chunks, int workers, const ChunkFunction& chunk, const StopFunction& stop);

// How many regions have had helpers in this process.
int64_t regions_with_helpers();

}  // namespace tally
