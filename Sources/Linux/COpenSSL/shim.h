// What of OpenSSL an MQTT client needs beside libmosquitto; its macros as functions.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline int martlet_ssl_ctx_set_minimum_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_min_proto_version(context, version);
}
