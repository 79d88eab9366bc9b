// What of OpenSSL an MQTT client needs; its macros as functions.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline int martlet_ssl_ctx_set_minimum_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_min_proto_version(context, version);
}

// A connection that asks for `name`, unless it is null. No renegotiation (TLS 1.2), so that writing never waits for input.
static inline int martlet_ssl_prepare(SSL *connection, const char *name) {
  SSL_set_options(connection, SSL_OP_NO_RENEGOTIATION);
  return name == NULL || SSL_set_tlsext_host_name(connection, name) == 1;
}
