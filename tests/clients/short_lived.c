// Does nothing. Linked statically it is as short as a process gets; linked with libssl it is one that the
// agent has to look at.
#ifdef WITH_TLS
#include <openssl/ssl.h>
int main(void) { return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ? 0 : 1; }
#else
int main(void) { return 0; }
#endif
