/* SPDX-License-Identifier: MIT */
#include "metrics/sketch.h"

uint64_t weft__sketch_count(struct weft__sketch *sketch)
{
    const double m = WEFT__SKETCH_REGISTERS;
    uint32_t empty = 0;
    double sum = 0;
    for (int i = 0; i < WEFT__SKETCH_REGISTERS; i++) {
        const uint8_t rank = weft__load_relaxed(&sketch->registers[i]); /* an estimate */
        empty += rank == 0;
        sum += rank ? 0.5 / (double)(UINT64_C(1) << (rank - 1)) : 1.0; /* 2 to the -rank, which may be -64 */
    }
    const double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (estimate > 2.5 * m || empty == 0)
        return (uint64_t)(estimate + 0.5);
    double throws = 0;
    for (uint32_t boxes = WEFT__SKETCH_REGISTERS; boxes > empty; boxes--)
        throws += m / boxes;
    return (uint64_t)(throws + 0.5);
}
