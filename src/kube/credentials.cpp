#include "kube/credentials.hpp"

#include "kube/files.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"

namespace stash::kube {
namespace {

constexpr auto kTokenAge = std::chrono::minutes(1);
constexpr auto kExpiryMargin = std::chrono::seconds(10);

Credential read_token(const std::string& path) {
  const std::string token = trimmed(read_file(path));
  if (token.empty()) throw Error(ErrorKind::Denied, "{}: the token is empty", path);
  Credential out;
  out.authorization = Secret("Bearer " + token);
  return out;
}

/// Clears a flag and wakes who waits for that, however the scope is left.
struct Busy {
  bool& flag;
  Signal& freed;
  Busy(bool& f, Signal& s) : flag(f), freed(s) { flag = true; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    flag = false;
    freed.notify();
  }
};

}  // namespace

Credentials::Credentials(const Config& config, net::Timers& timers, net::Pool& pool)
    : config_(config), timers_(timers), pool_(pool) {
  if (!config.token_file.empty() || config.exec) return;
  kept_.emplace();
  kept_->authorization = config.authorization;
}

bool Credentials::fresh() const {
  if (!kept_ || rejected_) return false;
  if (!config_.token_file.empty()) return timers_.now() - fetched_at_ < kTokenAge;
  return !kept_->expires || timers_.now() < *kept_->expires - kExpiryMargin;
}

Task<Credential> Credentials::current() {
  while (fetching_) co_await fetched_.wait();
  if (!fresh()) co_await refresh();
  co_return *kept_;
}

bool Credentials::invalidate(const Credential& used) {
  if (config_.token_file.empty() && !config_.exec) return false;
  // Another coroutine may have fetched a new one since `used` was taken.
  if (kept_ && *kept_ == used) rejected_ = true;
  return true;
}

Task<void> Credentials::refresh() {
  const Busy busy(fetching_, fetched_);
  std::optional<Error> failure;
  try {
    if (!config_.token_file.empty()) {
      kept_ = read_token(config_.token_file);
    } else {
      auto run = [this] { return run_exec_plugin(*config_.exec, config_); };
      kept_ = co_await net::offload(pool_, std::move(run));
    }
  } catch (const Error& e) {
    failure = e;
  }
  if (failure && (!kept_ || config_.token_file.empty())) throw *failure;
  if (failure) log::warn("token not renewed", {{"file", config_.token_file}, {"error", failure->what()}});
  rejected_ = false;
  fetched_at_ = timers_.now();
}

}  // namespace stash::kube
