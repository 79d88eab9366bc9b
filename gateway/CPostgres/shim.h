// libpq as one Swift module.
#include <libpq-fe.h>
