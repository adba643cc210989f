#include "executor/backend.hpp"

#include "stash/base/bytes.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::executor {
namespace {

/// The decoded values of a Secret's data.
class SecretData {
 public:
  explicit SecretData(const json::Value& object) : object_(object) {}

  std::string name() const { return kube::ref_of(object_).str(); }

  /// Empty when the key is absent. A line end at the end is dropped: files made by echo have one.
  Secret find(std::string_view key) const {
    const std::string_view encoded = json::text(object_, "data", key);
    auto decoded = from_base64(encoded);
    if (!decoded) throw Error(ErrorKind::Invalid, "Secret {}: key {} is not base64", name(), key);
    while (decoded->ends_with('\n') || decoded->ends_with('\r')) decoded->pop_back();
    return Secret(std::move(*decoded));
  }

  Secret get(std::string_view key) const {
    Secret value = find(key);
    if (value.empty()) throw Error(ErrorKind::Invalid, "Secret {} has no key {}", name(), key);
    return value;
  }

 private:
  const json::Value& object_;
};

/// The key pair of the Secret; empty when it has neither half.
storage::S3Credentials key_pair(const SecretData& secret) {
  storage::S3Credentials pair;
  pair.access_key = std::string(secret.find("AWS_ACCESS_KEY_ID").reveal());
  pair.secret_key = secret.find("AWS_SECRET_ACCESS_KEY");
  pair.session_token = secret.find("AWS_SESSION_TOKEN");
  if (const auto missing = pair.missing_half(); !missing.empty())
    throw Error(ErrorKind::Invalid,
                "Secret {} has no key {}: give both keys of the pair, or neither to use the role of the "
                "service account",
                secret.name(), missing);
  return pair;
}

storage::S3Config s3_config(const api::S3Backend& s3, const SecretData& secret) {
  storage::S3Config config;
  config.endpoint = storage::parse_s3_endpoint(s3.endpoint);
  config.bucket = s3.bucket;
  config.region = s3.region;
  config.tls.insecure = s3.insecure_tls;
  config.tls.ca_pem = std::string(secret.find("CA_CERT_DATA").reveal());
  config.credentials = key_pair(secret);
  return config;
}

std::string local_path(const api::LocalBackend& local, const std::string& name) {
  if (!local.mount_path.starts_with('/')) {
    throw Error(ErrorKind::Invalid,
                "Repository {}: spec.backend.local.mountPath \"{}\" is not an absolute path", name,
                local.mount_path);
  }
  return local.mount_path;  // subPath is part of the volume mount
}

}  // namespace

Backend backend_of(const api::Repository& repository, const json::Value& object) {
  const std::string name = kube::Ref(repository.metadata.ns, repository.metadata.name).str();
  const SecretData secret(object);
  const api::Backend& spec = repository.spec.backend;
  Secret password = secret.get("RESTIC_PASSWORD");
  if (spec.local) return {storage::LocalConfig(local_path(*spec.local, name)), std::move(password)};
  if (spec.s3) {
    storage::S3Config config = doing("Repository " + name, [&] { return s3_config(*spec.s3, secret); });
    config.prefix = spec.prefix();
    return {std::move(config), std::move(password)};
  }
  if (spec.provider().empty()) {
    throw Error(ErrorKind::Invalid, "Repository {}: spec.backend names no backend; give local or s3", name);
  }
  throw Error(ErrorKind::Unsupported,
              "Repository {}: backend {} is not supported by this version; use local or s3", name,
              spec.provider());
}

Task<std::unique_ptr<OpenBackend>> OpenBackend::load(Services& services, kube::Ref ref) {
  const auto found = co_await services.client.find(api::kRepository, ref);
  if (!found) throw Error(ErrorKind::NotFound, "Repository {} does not exist", ref.str());
  api::Repository object = api::Repository::parse(*found);
  const kube::Ref secret_ref(ref.ns, object.spec.backend.storage_secret_name);
  if (secret_ref.name.empty()) {
    throw Error(ErrorKind::Invalid, "Repository {}: spec.backend.storageSecretName is empty", ref.str());
  }
  const auto secret = co_await services.client.find(kube::kSecret, secret_ref);
  if (!secret) throw Error(ErrorKind::NotFound, "Backend Secret {} does not exist", secret_ref.str());
  Backend backend = backend_of(object, *secret);
  if (auto* s3 = std::get_if<storage::S3Config>(&backend.config))
    s3->ambient = storage::ambient_credentials();
  co_return std::make_unique<OpenBackend>(services, std::move(object), std::move(backend));
}

OpenBackend::OpenBackend(Services& services, api::Repository object, Backend backend)
    : services_(services),
      object_(std::move(object)),
      password_(std::move(backend.password)),
      store_(storage::open_store(std::move(backend.config), services.timers, services.random)) {}

engine::Environment OpenBackend::environment() {
  engine::Environment environment(services_.pool, services_.timers, services_.random);
  environment.memory_budget = services_.memory_budget;
  if (services_.memory_budget < engine::kLeastBuffers)
    throw Error(ErrorKind::Invalid,
                "this container may use too little memory: at least 56Mi are needed in "
                "runtimeSettings.container.resources.limits.memory");
  return environment;
}

Task<std::unique_ptr<engine::Repository>> OpenBackend::open() {
  return engine::Repository::open(*store_, password_, environment());
}

Task<std::unique_ptr<engine::Repository>> OpenBackend::open_or_init() {
  try {
    co_return co_await open();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  try {
    engine::InitOptions options;
    co_await engine::Repository::init(*store_, password_, options, environment());
    log::info("repository made", {{"store", store_->describe()}});
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
  }
  co_return co_await open();
}

}  // namespace stash::executor
