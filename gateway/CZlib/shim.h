// zlib as one Swift module; its macro as a function.
#include <zlib.h>

// 15 + 16: the largest window, and a gzip header instead of zlib's own.
static inline int martlet_gzip_begin(z_stream *stream) {
  return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
