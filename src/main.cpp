#include <fcntl.h>
#include <malloc.h>
#include <nss.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "stash/command/dispatch.hpp"

namespace {

/// A standard stream that the caller closed must not become the number of a file or socket: what is printed
/// would go there. Reading the input or writing the output fails, as it does when they are closed.
void keep_numbers_of_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
}

}  // namespace

int main(int argc, char** argv) {
  keep_numbers_of_streams();
  // A static glibc would load plug-ins named by a foreign nsswitch.conf, and OpenSSL those of a foreign
  // openssl.cnf.
  for (const char* service : {"hosts", "passwd", "group", "services", "protocols", "networks", "initgroups"})
    __nss_configure_lookup(service, service[0] == 'h' ? "files dns" : "files");
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  // Large buffers come and go all the time: from the heap they cost no page faults. Whoever waits for long
  // gives memory back (base/memory.hpp).
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  std::signal(SIGPIPE, SIG_IGN);
  return stash::command::dispatch(argc, argv);
}
