/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - see frame.h.  Pure; any process. */
#include "net/wire/frame.h"

enum frame_result
frame_next(const uint8_t *data, size_t size, int32_t max, struct frame *frame)
{
    frame->want = FRAME_LENGTH_BYTES;
    if (size < FRAME_LENGTH_BYTES)
        return FRAME_PARTIAL;
    frame->length = (int32_t)load_be32(data);
    if (frame->length < 0 || frame->length > max)
        return FRAME_BAD;
    frame->want = FRAME_LENGTH_BYTES + (size_t)frame->length;
    if (size < frame->want)
        return FRAME_PARTIAL;
    frame->body = (struct bytes){data + FRAME_LENGTH_BYTES, frame->length};
    return FRAME_WHOLE;
}
