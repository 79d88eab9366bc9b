// libcurl as one Swift module. Swift cannot call C's variadic functions, so each option Martlet sets has a typed name.
#include <curl/curl.h>

static inline CURLcode martlet_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode martlet_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}
typedef size_t (*martlet_curl_sink)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode martlet_curl_set_sink(CURL *handle, CURLoption option, martlet_curl_sink sink) {
  return curl_easy_setopt(handle, option, sink);
}
static inline CURLcode martlet_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}
