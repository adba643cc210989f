#pragma once

// What every command by hand shares: how the repository is named and opened, and how failures become exit
// codes.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "command/flags.hpp"
#include "stash/base/error.hpp"
#include "stash/engine/repository.hpp"
#include "stash/storage/address.hpp"

namespace stash::command {

inline constexpr const char* kHandFooter =
    "\nEnvironment: STASH_REPOSITORY, STASH_PASSWORD, STASH_PASSWORD_FILE, AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY,\n"
    "AWS_SESSION_TOKEN, AWS_REGION, AWS_DEFAULT_REGION, SSL_CERT_FILE, "
    "STASH_CACHE_DIR (empty: as --no-cache),\nXDG_CACHE_HOME. Without the two AWS keys the role of the pod "
    "or machine is used, as the SDKs of AWS do.\n\n"
    "EXIT STATUS: 0 done, 1 failed or damage found by check, 2 wrong usage, 3 done in part (some files "
    "could not\nbe read, restored or repaired, snapshots were not copied, or the store refused to delete "
    "something),\n10 no repository at the address, 12 wrong password, 130 interrupted.\n";

enum ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kPartial = 3,
  kNoRepository = 10,
  kWrongPassword = 12,
  kInterrupted = 130
};

struct HandOptions {
  std::string repo;
  std::string password_file;
  std::string ca_file;
  bool insecure_tls = false;
  bool no_cache = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::uint64_t memory = 0;  ///< resident bytes; 0: by default
  bool low_memory = false;   ///< the least that --memory takes
};

void add_flags(Flags& flags, HandOptions& options);

/// The repository that `copy` writes to. What the environment says of it begins with STASH_TO_:
/// STASH_TO_PASSWORD, and STASH_TO_AWS_ACCESS_KEY_ID and so on where the credentials differ.
struct DestinationOptions {
  std::string repo;
  std::string password_file;
};

void add_flags(Flags& flags, DestinationOptions& options);

/// A failure whose exit code is not 1.
class ExitError : public Error {
 public:
  ExitError(ExitCode code, const Error& e) : Error(e.kind(), "{}", e.what()), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// The object graph of one command by hand.
class Hand {
 public:
  /// Throws ExitError 2 when no repository is named or --memory is too little, Error(Invalid) when an
  /// option's file cannot be read.
  explicit Hand(const HandOptions& options);
  ~Hand();

  const HandOptions& options() const { return options_; }
  storage::Store& store() { return *store_; }
  /// What was removed from the store and is kept as old versions; null where none are kept.
  std::unique_ptr<storage::Store> open_removed();
  net::Timers& timers() { return timers_; }
  engine::Environment environment();
  /// From the file of the flag, STASH_PASSWORD, the file STASH_PASSWORD_FILE, or the terminal.
  Secret password(bool confirm = false) const;
  /// Throws ExitError 10 or 12.
  Task<std::unique_ptr<engine::Repository>> open();
  /// The same for a second repository, which must go before the hand does. Once.
  Task<std::unique_ptr<engine::Repository>> open_destination(DestinationOptions options);

 private:
  Task<std::unique_ptr<engine::Repository>> open_at(storage::Store& store, Secret password);

  HandOptions options_;
  std::uint64_t buffers_ = 0;  ///< bytes
  std::unique_ptr<net::Pool> pool_;
  net::SystemTimers timers_;
  SystemRandom random_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Store> destination_;
};

/// Runs `work` to its end; prints what went wrong and gives the exit code.
int run_by_hand(const char* name, const HandOptions& options, std::function<Task<int>(Hand&)> work);

/// A password from a file (first line), or asked for on the terminal: Error(Cancelled) when a signal comes.
Secret read_password_file(const std::string& path);
Secret ask_password(const std::string& prompt);

}  // namespace stash::command
