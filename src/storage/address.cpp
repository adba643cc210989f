#include "stash/storage/address.hpp"

#include <array>

#include "stash/storage/local_store.hpp"
#include "stash/storage/retrying_store.hpp"
#include "storage/s3_removed.hpp"

namespace stash::storage {
namespace {

std::string trim_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

S3Config parse_s3(std::string_view rest) {
  std::string text(rest);
  if (text.find("://") == std::string::npos) text = "https://" + text;
  net::Url url = net::Url::parse(text);
  const std::string path = trim_slashes(url.path);
  const auto slash = path.find('/');
  S3Config config;
  config.bucket = path.substr(0, slash);
  if (slash != std::string::npos) config.prefix = path.substr(slash + 1);
  if (config.bucket.empty())
    throw Error(ErrorKind::Invalid, "the address s3:{} names no bucket: write s3:https://host/bucket/prefix",
                url.origin());
  url.path = "/";
  config.endpoint = std::move(url);
  return config;
}

}  // namespace

net::Url parse_s3_endpoint(std::string_view endpoint) {
  if (endpoint.empty())
    throw Error(ErrorKind::Invalid, "the S3 endpoint is empty: write s3.amazonaws.com or https://host:port");
  std::string text(endpoint);
  if (text.find("://") == std::string::npos) text = "https://" + text;
  net::Url url = net::Url::parse(text);
  url.path = "/";
  return url;
}

StoreConfig parse_address(std::string_view address) {
  static constexpr std::array kForeign{"gs:", "azure:", "swift:", "b2:", "rest:", "sftp:", "rclone:"};
  if (address.empty())
    throw Error(ErrorKind::Invalid,
                "the repository address is empty: give a directory or s3:https://host/bucket/prefix");
  if (address.starts_with("s3:")) return parse_s3(address.substr(3));
  for (const std::string_view scheme : kForeign)
    if (address.starts_with(scheme))
      // The rest may hold a password.
      throw Error(
          ErrorKind::Unsupported,
          "an address that begins with {} is of a kind this version cannot open: use a directory or s3:",
          scheme);
  if (address.starts_with("local:")) address.remove_prefix(6);
  return LocalConfig(std::string(address));
}

std::unique_ptr<Store> open_store(StoreConfig config, net::Timers& timers, Random& random) {
  if (const auto* local = std::get_if<LocalConfig>(&config)) return std::make_unique<LocalStore>(local->path);
  auto s3 = std::make_unique<S3Store>(std::get<S3Config>(std::move(config)), timers);
  return std::make_unique<RetryingStore>(std::move(s3), timers, random);
}

std::unique_ptr<Store> open_removed(StoreConfig config, net::Timers& timers, Random& random) {
  auto* s3 = std::get_if<S3Config>(&config);
  if (!s3) return nullptr;
  auto removed = std::make_unique<S3Removed>(std::move(*s3), timers);
  return std::make_unique<RetryingStore>(std::move(removed), timers, random);
}

}  // namespace stash::storage
