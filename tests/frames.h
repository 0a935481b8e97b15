/* frames: zstd frames spelt out by hand (RFC 8878), for the tests of what reads them. */
#ifndef SKEIN_TESTS_FRAMES_H
#define SKEIN_TESTS_FRAMES_H

#include <stddef.h>

typedef enum BlockType { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED, BLOCK_RESERVED } BlockType;

/* Each appends to `out` and returns the bytes appended. */

/* Magic, frame header descriptor, and one byte: the content size when the descriptor has the single
 * segment bit (0x20), else the window descriptor. */
size_t frame_begin(unsigned char *out, unsigned descriptor, unsigned byte);
/* A block header and what follows it: `size` bytes of text, or one byte for BLOCK_RLE. */
size_t frame_block(unsigned char *out, BlockType type, int last, const char *text, size_t size);
/* A frame with one raw block of less than 256 bytes. */
size_t frame_raw(unsigned char *out, const char *text, size_t size);
/* The 8 bytes that begin a skippable frame of `size` bytes. */
size_t frame_skippable(unsigned char *out, unsigned size);

#endif
