// The S3 store against a real MinIO with TLS and a certificate of a private CA, on loopback.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "stash/storage/address.hpp"
#include "stash/storage/retrying_store.hpp"
#include "stash/storage/s3_store.hpp"
#include "storage/s3_removed.hpp"
#include "storage/sigv4.hpp"
#include "storage/store_suite.hpp"
#include "support/server_program.hpp"
#include "support/temp_dir.hpp"

namespace stash::test {
namespace {

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// One MinIO for the whole program; ended with it.
class Minio {
 public:
  static Minio& instance() {
    static Minio minio;
    return minio;
  }

  storage::S3Config config(const std::string& bucket) const {
    storage::S3Config config;
    config.endpoint = net::Url::parse("https://127.0.0.1:" + std::to_string(port_));
    config.bucket = bucket;
    config.tls.ca_pem = read_file(dir_ / "ca.crt");
    config.credentials.access_key = "admin";
    config.credentials.secret_key = Secret("correct-horse");
    return config;
  }

  std::string new_bucket() {
    const std::string bucket = "bucket-" + std::to_string(++buckets_);
    put("/" + bucket, "");
    return bucket;
  }
  void keep_versions(const std::string& bucket) {
    put("/" + bucket + "?versioning=",
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  }

 private:
  /// Signed as every other request.
  net::Response answer_to_put(const std::string& target, const std::string& body) const {
    const storage::S3Config c = config("none");
    net::ClientOptions options;
    options.tls = c.tls;
    net::HttpClient client(c.endpoint, options);
    storage::SigningKey key;
    key.access_key = c.credentials.access_key;
    key.secret_key = c.credentials.secret_key;
    key.region = "us-east-1";
    net::Request request("PUT", target);
    storage::sign(request, key, c.endpoint.authority(), storage::kUnsignedPayload, SystemClock().now());
    request.body = {as_bytes(body)};
    return net::run(client.send(request));
  }

  void put(const std::string& target, const std::string& body) const {
    const net::Response response = answer_to_put(target, body);
    if (response.status != 200) ADD_FAILURE() << response.status << " " << response.body;
  }

  Minio() : port_(free_port()) {
    const std::string make =
        "cd " + dir_.path() +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca "
        "-keyout ca.key -out ca.crt"
        " && mkdir certs data && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
        "/CN=minio -keyout certs/private.key -out r.csr"
        " && printf 'subjectAltName=IP:127.0.0.1' > ext"
        " && openssl x509 -req -in r.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "
        "certs/public.crt -extfile ext";
    if (std::system(("(" + make + ") >/dev/null 2>&1").c_str()) != 0)
      throw std::runtime_error("certificates");
    const std::string program = server_program("minio");
    child_ = ::fork();
    if (child_ == 0) {
      ::setenv("MINIO_ROOT_USER", "admin", 1);
      ::setenv("MINIO_ROOT_PASSWORD", "correct-horse", 1);
      const std::string address = "127.0.0.1:" + std::to_string(port_);
      const std::string log = dir_ / "log";
      if (std::freopen(log.c_str(), "w", stdout) && std::freopen(log.c_str(), "w", stderr))
        ::execl(program.c_str(), "minio", "server", "--quiet", "--address", address.c_str(), "--certs-dir",
                (dir_ / "certs").c_str(), (dir_ / "data").c_str(), nullptr);
      ::_exit(127);
    }
    wait_until_up();
  }
  ~Minio() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  /// It says to be ready before it takes requests: a bucket that is there shows that it does.
  void wait_until_up() const {
    for (int i = 0; i < 600; ++i) {
      try {
        const int status = answer_to_put("/first-bucket", "").status;
        if (status == 200 || status == 409) return;
      } catch (const Error&) {
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    throw std::runtime_error("MinIO did not start: " + read_file(dir_ / "log"));
  }

  TempDir dir_;
  std::uint16_t port_;
  pid_t child_ = -1;
  int buckets_ = 0;
};

SystemClock& system_clock() {
  static SystemClock clock;
  return clock;
}

StoreHolder s3_store() {
  Minio& minio = Minio::instance();
  storage::S3Config config = minio.config(minio.new_bucket());
  config.prefix = "some/prefix";
  return {nullptr, std::make_shared<storage::S3Store>(config, system_clock())};
}

INSTANTIATE_TEST_SUITE_P(Minio, StoreSuite, testing::Values(StoreKind{"S3WithTls", s3_store}),
                         [](const auto& info) { return info.param.name; });

ErrorKind kind_of_get(const storage::S3Config& config) {
  storage::S3Store store(config, system_clock());
  try {
    net::run(store.get("o", {}));
  } catch (const Error& e) {
    return e.kind();
  }
  return ErrorKind::Internal;
}

TEST(Minio, RefusalsAreToldApart) {
  Minio& minio = Minio::instance();
  const std::string bucket = minio.new_bucket();

  storage::S3Config wrong_secret = minio.config(bucket);
  wrong_secret.credentials.secret_key = Secret("wrong");
  EXPECT_EQ(kind_of_get(wrong_secret), ErrorKind::Denied);

  storage::S3Config wrong_key = minio.config(bucket);
  wrong_key.credentials.access_key = "nobody";
  EXPECT_EQ(kind_of_get(wrong_key), ErrorKind::Denied);

  EXPECT_EQ(kind_of_get(minio.config("no-such-bucket")), ErrorKind::Invalid);
  EXPECT_EQ(kind_of_get(minio.config(bucket)), ErrorKind::NotFound);
}

TEST(Minio, ACertificateOfAnUnknownAuthorityIsRefusedUnlessAllowed) {
  Minio& minio = Minio::instance();
  const std::string bucket = minio.new_bucket();
  storage::S3Config config = minio.config(bucket);
  config.tls.ca_pem.clear();
  EXPECT_EQ(kind_of_get(config), ErrorKind::Denied);

  config.tls.insecure = true;
  EXPECT_EQ(kind_of_get(config), ErrorKind::NotFound);
}

std::vector<std::string> names_of(storage::Store& store, const std::string& prefix) {
  std::vector<std::string> names;
  for (const storage::ObjectInfo& object : net::run(storage::list_all(store, prefix)))
    names.push_back(object.name);
  return names;
}

TEST(Minio, WhatWasRemovedFromABucketWithVersionsCanStillBeRead) {
  Minio& minio = Minio::instance();
  const std::string bucket = minio.new_bucket();
  minio.keep_versions(bucket);
  storage::S3Config config = minio.config(bucket);
  config.prefix = "some/prefix";
  storage::S3Store store(config, system_clock());
  const std::string first = "first content";
  const std::string second = "second";
  const std::string other = "other";
  net::run(store.put("packs/aa/1", {as_bytes(first)}));
  net::run(store.remove("packs/aa/1"));
  net::run(store.put("packs/aa/1", {as_bytes(second)}));
  net::run(store.remove("packs/aa/1"));
  net::run(store.put("packs/bb/2", {as_bytes(other)}));
  storage::S3Removed removed(config, system_clock());

  EXPECT_EQ(names_of(removed, "packs/"), std::vector<std::string>{"packs/aa/1"});
  EXPECT_EQ(as_text(net::run(removed.get("packs/aa/1", {}))), second);
  EXPECT_EQ(as_text(net::run(removed.get("packs/aa/1", storage::Range(1, 3)))), "eco");
  EXPECT_EQ(net::run(removed.size("packs/aa/1")), second.size());
  EXPECT_EQ(net::run(removed.size("packs/bb/2")), std::nullopt) << "it is not removed";
  EXPECT_THROW(net::run(removed.get("packs/bb/2", {})), Error);
  EXPECT_EQ(names_of(store, "packs/"), std::vector<std::string>{"packs/bb/2"});
}

TEST(Minio, ManyRemovedObjectsComeOverSeveralPages) {
  Minio& minio = Minio::instance();
  const std::string bucket = minio.new_bucket();
  minio.keep_versions(bucket);
  storage::S3Store store(minio.config(bucket), system_clock());
  const std::string content = "x";
  for (int i = 0; i < 600; ++i) {
    const std::string name = fmt::format("index/{:04}", i);
    net::run(store.put(name, {as_bytes(content)}));
    if (i % 2 == 0) net::run(store.remove(name));
  }
  for (int i = 0; i < 300; ++i) {
    const std::string name = fmt::format("index/{:04}", 2 * i);
    net::run(store.put(name, {as_bytes(content)}));
    net::run(store.remove(name));
  }
  storage::S3Removed removed(minio.config(bucket), system_clock());

  EXPECT_EQ(names_of(removed, "index/").size(), 300u);
}

TEST(Minio, ABucketWithoutVersionsKeepsNothing) {
  Minio& minio = Minio::instance();
  const storage::S3Config config = minio.config(minio.new_bucket());
  storage::S3Store store(config, system_clock());
  const std::string content = "x";
  net::run(store.put("snapshots/a", {as_bytes(content)}));
  net::run(store.remove("snapshots/a"));
  storage::S3Removed removed(config, system_clock());

  EXPECT_TRUE(names_of(removed, "").empty());
}

}  // namespace
}  // namespace stash::test
