#include "command/hand.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "stash/base/bytes.hpp"
#include "stash/base/fd.hpp"
#include "stash/base/limits.hpp"
#include "stash/base/log.hpp"
#include "stash/json/value.hpp"

namespace stash::command {
namespace {

constexpr const char* kPrefix = "STASH_";
constexpr const char* kDestinationPrefix = "STASH_TO_";

std::string environment_value(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? value : "";
}

/// `prefix` where the variable of that name with the prefix is set, else nothing.
std::string prefix_for(const std::string& prefix, const std::string& name) {
  return environment_value(prefix + name).empty() ? "" : prefix;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::Invalid, "cannot read {}", path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// The key pair of the environment, or none: never half of one account.
storage::S3Credentials environment_credentials(const std::string& prefix) {
  const std::string by_access_key = prefix_for(prefix, "AWS_ACCESS_KEY_ID");
  const std::string whose =
      by_access_key.empty() ? prefix_for(prefix, "AWS_SECRET_ACCESS_KEY") : by_access_key;
  storage::S3Credentials pair;
  pair.access_key = environment_value(whose + "AWS_ACCESS_KEY_ID");
  pair.secret_key = Secret(environment_value(whose + "AWS_SECRET_ACCESS_KEY"));
  pair.session_token = Secret(environment_value(whose + "AWS_SESSION_TOKEN"));
  if (const auto missing = pair.missing_half(); !missing.empty())
    throw Error(ErrorKind::Invalid, "{}{} is not set: set both keys of the pair, or neither to use a role",
                whose, missing);
  return pair;
}

storage::StoreConfig store_config(const HandOptions& options, const std::string& address,
                                  const std::string& prefix) {
  storage::StoreConfig config = storage::parse_address(address);
  if (auto* s3 = std::get_if<storage::S3Config>(&config)) {
    s3->credentials = environment_credentials(prefix);
    s3->ambient = storage::ambient_credentials();
    s3->region = environment_value(prefix_for(prefix, "AWS_REGION") + "AWS_REGION");
    if (s3->region.empty()) s3->region = environment_value("AWS_DEFAULT_REGION");
    s3->tls.insecure = options.insecure_tls;
    if (!options.ca_file.empty()) s3->tls.ca_pem = read_file(options.ca_file);
  }
  return config;
}

/// Where indexes are kept; empty: nowhere.
std::string index_directory(const HandOptions& options) {
  if (options.no_cache) return "";
  if (const char* chosen = std::getenv("STASH_CACHE_DIR")) return chosen;
  const std::string cache = environment_value("XDG_CACHE_HOME");
  if (!cache.empty()) return cache + "/stash/index";
  const std::string home = environment_value("HOME");
  return home.empty() ? "" : home + "/.cache/stash/index";
}

/// Turns off echo on a terminal for as long as it lives.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    active_ = ::tcsetattr(fd_, TCSANOW, &silent) == 0;
  }
  ~NoEcho() {
    if (active_) ::tcsetattr(fd_, TCSANOW, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int fd_;
  termios before_{};
  bool active_ = false;
};

/// Nothing when a signal came: none but those that end the program interrupt a read.
std::optional<std::string> read_line(int tty) {
  const NoEcho silent(tty);
  std::string line;
  for (char c = 0; line.size() < 4096; line += c) {
    const ssize_t got = ::read(tty, &c, 1);
    if (got < 0 && errno == EINTR) return std::nullopt;
    if (got != 1 || c == '\n') break;
  }
  return line;
}

ExitError wrong_usage(const std::string& what) {
  const Error error(ErrorKind::Invalid, "{}", what);
  return {kUsage, error};
}

/// Keeps the exit code also where standard error takes no more.
void report(const char* name, const HandOptions& options, const Error& error) {
  const std::string line = options.json
                               ? fmt::format("{{\"message_type\":\"error\",\"kind\":{},\"message\":{}}}\n",
                                             json::quote(to_string(error.kind())), json::quote(error.what()))
                               : fmt::format("stash {}: {}\n", name, error.what());
  std::fputs(line.c_str(), stderr);
}

}  // namespace

void add_flags(Flags& flags, HandOptions& options) {
  flags.option("-r,--repo", options.repo, "Repository: a directory, or s3:https://host/bucket/prefix",
               "STASH_REPOSITORY");
  flags.option("--password-file", options.password_file,
               "File whose first line is the password; when not given STASH_PASSWORD, then the file "
               "STASH_PASSWORD_FILE");
  flags.option("--cacert", options.ca_file, "File with the CA certificates to trust (PEM)");
  flags.flag("--insecure-tls", options.insecure_tls, "Do not verify the server's certificate");
  flags.flag("--no-cache", options.no_cache, "Keep no index on this machine: more memory and more to read");
  flags.flag("--json", options.json, "Print JSON, one object a line");
  flags.flag("-q,--quiet", options.quiet, "Print no progress");
  flags.flag("-v,--verbose", options.verbose, "Tell more");
  flags.size(
      "--memory", options.memory,
      "Memory to stay within, at least 48MiB; when not given 96MiB, or what the container's limit allows");
  flags.flag("--low-memory", options.low_memory, "The same as --memory 48MiB");
}

void add_flags(Flags& flags, DestinationOptions& options) {
  flags.option("--to", options.repo, "Repository to copy to, which was made by \"stash init\"",
               "STASH_TO_REPOSITORY");
  flags.option("--to-password-file", options.password_file,
               "File whose first line is its password; when not given STASH_TO_PASSWORD, then the file "
               "STASH_TO_PASSWORD_FILE");
}

Secret read_password_file(const std::string& path) {
  std::string text = read_file(path);
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) throw Error(ErrorKind::Invalid, "the password file {} is empty", path);
  return Secret(std::move(text));
}

Secret ask_password(const std::string& prompt) {
  const Fd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!tty)
    throw Error(ErrorKind::Invalid,
                "no password: set STASH_PASSWORD or STASH_PASSWORD_FILE, or give --password-file");
  fmt::print(stderr, "{}: ", prompt);
  std::optional<std::string> line = read_line(tty.get());
  fmt::print(stderr, "\n");
  if (!line) throw Error(ErrorKind::Cancelled, "cancelled");
  if (line->empty()) throw Error(ErrorKind::Invalid, "the password is empty");
  return Secret(std::move(*line));
}

namespace {

constexpr std::uint64_t kDefaultMemory = std::uint64_t{96} << 20;
constexpr std::uint64_t kLeastMemory = engine::kLeastBuffers + engine::kBesideBuffers;

/// Bytes for buffers when --memory says `memory`, or nothing (0).
std::uint64_t buffers_of(std::uint64_t memory) {
  if (memory > 0 && memory < kLeastMemory)
    throw wrong_usage(fmt::format("--memory {} is too little: at least {} are needed", format_size(memory),
                                  format_size(kLeastMemory)));
  if (memory > 0) return memory - engine::kBesideBuffers;
  const auto limit = memory_limit();
  const std::uint64_t buffers = engine::buffers_within(limit, kDefaultMemory - engine::kBesideBuffers);
  if (buffers < engine::kLeastBuffers)
    throw Error(ErrorKind::Invalid, "this container may use {}: at least 56MiB are needed",
                format_size(*limit));
  return buffers;
}

/// Nothing when it has to be asked for. `flag` names a file; the variables begin with `prefix`.
std::optional<Secret> given_password(const std::string& flag, const std::string& prefix) {
  if (!flag.empty()) return read_password_file(flag);
  if (std::string value = environment_value(prefix + "PASSWORD"); !value.empty())
    return Secret(std::move(value));
  const std::string file = environment_value(prefix + "PASSWORD_FILE");
  if (!file.empty()) return read_password_file(file);
  return std::nullopt;
}

/// Reads: when the bucket lives in another region, only the answer to a GET is sure to say so.
Task<void> require_repository(storage::Store& store) {
  try {
    co_await store.get("config", storage::Range(0, 1));
    co_return;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  const Error missing(ErrorKind::NotFound, "there is no repository at {}: \"stash init\" makes one",
                      store.describe());
  throw ExitError(kNoRepository, missing);
}

}  // namespace

Hand::Hand(const HandOptions& options) : options_(options) {
  if (options_.repo.empty()) throw wrong_usage("no repository: give -r ADDRESS or set STASH_REPOSITORY");
  buffers_ = buffers_of(options_.low_memory ? kLeastMemory : options_.memory);
  pool_ = std::make_unique<net::Pool>(worker_threads());
  store_ = storage::open_store(store_config(options_, options_.repo, ""), timers_, random_);
}

Hand::~Hand() {
  destination_.reset();
  store_.reset();
  if (pool_) pool_->join();
}

std::unique_ptr<storage::Store> Hand::open_removed() {
  return storage::open_removed(store_config(options_, options_.repo, ""), timers_, random_);
}

engine::Environment Hand::environment() {
  engine::Environment environment(*pool_, timers_, random_);
  environment.memory_budget = buffers_;
  environment.index_directory = index_directory(options_);
  return environment;
}

Secret Hand::password(bool confirm) const {
  if (auto given = given_password(options_.password_file, kPrefix)) return std::move(*given);
  Secret first = ask_password("password of " + store_->describe());
  if (confirm && !(ask_password("the same again") == first))
    throw Error(ErrorKind::Invalid, "the passwords differ");
  return first;
}

Task<std::unique_ptr<engine::Repository>> Hand::open() {
  co_await require_repository(*store_);
  Secret word = password();
  co_return co_await open_at(*store_, std::move(word));
}

Task<std::unique_ptr<engine::Repository>> Hand::open_destination(DestinationOptions options) {
  destination_ =
      storage::open_store(store_config(options_, options.repo, kDestinationPrefix), timers_, random_);
  co_await require_repository(*destination_);
  std::optional<Secret> word = given_password(options.password_file, kDestinationPrefix);
  if (!word) word = ask_password("password of " + destination_->describe());
  co_return co_await open_at(*destination_, std::move(*word));
}

Task<std::unique_ptr<engine::Repository>> Hand::open_at(storage::Store& store, Secret password) {
  try {
    const engine::Environment services = environment();
    co_return co_await engine::Repository::open(store, std::move(password), services);
  } catch (const Error& e) {
    // The store has answered already: what is refused now is the password.
    if (e.kind() == ErrorKind::Denied) throw ExitError(kWrongPassword, e);
    throw;
  }
}

int run_by_hand(const char* name, const HandOptions& options, std::function<Task<int>(Hand&)> work) {
  log::set_level(options.verbose ? log::Level::Debug : log::Level::Warn);
  try {
    Hand hand(options);
    return net::run(work(hand), true);
  } catch (const ExitError& e) {
    report(name, options, e);
    return e.code();
  } catch (const Error& e) {
    report(name, options, e);
    return e.kind() == ErrorKind::Cancelled ? kInterrupted : kFailed;
  } catch (const std::exception& e) {
    if (std::ferror(stdout)) throw;  // dispatch() tells why
    report(name, options, Error(ErrorKind::Internal, "{}", e.what()));
    return kFailed;
  }
}

}  // namespace stash::command
