// Directions drawn from the sphere, and points projected on them.
#pragma once

#include <cstdint>

namespace tally {

// `count` independent, uniformly distributed unit vectors, [count, dimensions]; each is a function of the seed, of its
// number and of nothing else.
void draw_directions(uint64_t seed, int64_t count, int64_t dimensions, double* directions);

// Inner products with one direction; coordinates are [dimensions, points].
void project(const double* coordinates, int64_t points, int64_t dimensions, const double* direction, double* products);

}  // namespace tally
