// A certificate in files: STEM.json says which function and what is claimed of it, STEM.npz has the numbers.
#pragma once
#include <cmath>        // std::isfinite, std::isinf
#include <cstdint>      // std::uint64_t
#include <filesystem>   // std::filesystem::path
#include <map>          // std::map
#include <memory>       // std::make_shared
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <utility>      // std::move
#include <vector>       // std::vector

#include "basin/certify/certificate.hpp"    // Certificate
#include "basin/certify/exact_network.hpp"  // ExactNetwork
#include "basin/core/bit_cast.hpp"          // bit_cast
#include "basin/io/array.hpp"               // NamedArray, to_array, to_matrix
#include "basin/io/atomic_file.hpp"         // write_atomically
#include "basin/io/json.hpp"                // detail::parse_json, nlohmann::ordered_json
#include "basin/io/npz.hpp"                 // read_npz, write_npz

// STEM.json is an object:
//
//     format, version      "basin certificate", 1
//     fingerprint          ExactNetwork::fingerprint, 16 hexadecimal digits
//     proof_fingerprint    the same of centre, metric_Q and metric_t: finds files of two certificates
//     size                 n, of f: R^n -> R^n
//     claim                the numbers of a Certificate: radius, radius_2norm, contraction, residual, error,
//                          spectral_radius
//     output               the place in `steps` of the one whose value is f(x)
//     steps                a list. Step 0 is {"kind": "input", "size": n}; the others have a size, a kind,
//                          and a and b, steps before them whose values they take:
//                              affine    weight_k v_a + bias_k, k the place in the list
//                              map       phi(v_a), phi by "name" and "parameters", numbers, "inf" or "-inf"
//                              sum       v_a + v_b
//
// STEM.npz has float64 arrays: centre (n,), metric_Q (n, k), metric_t (k,), weight_k (size, size of a),
// bias_k (size,). Numbers in JSON have as many digits as it takes to read the same double again.

namespace basin::inline BASIN_ABI {

/// What a pair of files holds.
struct CertificateFile {
  ExactNetwork network{0};  // f
  Certificate certificate;  // what is claimed of it
};

namespace detail {

using CertificateJson = nlohmann::ordered_json;
inline constexpr const char* certificate_format = "basin certificate";
inline constexpr int certificate_version = 1;

/// `path` with another extension, instead of .json or .npz if it has one of these.
inline std::filesystem::path certificate_path(std::filesystem::path path, const char* extension) {
  if (path.extension() == ".json" || path.extension() == ".npz") path.replace_extension();
  return path += extension;
}

inline std::string hexadecimal(std::uint64_t v) {
  std::string digits(16, '0');
  for (std::size_t i = 16; i-- > 0; v >>= 4) digits[i] = "0123456789abcdef"[v & 15];
  return digits;
}

/// FNV-1a over centre and metric.
inline std::uint64_t proof_fingerprint(const Certificate& c) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](double v) {
    auto word = bit_cast<std::uint64_t>(v);
    for (int byte = 0; byte < 8; ++byte, word >>= 8) hash = (hash ^ (word & 255)) * 0x100000001b3;
  };
  for (const double v : c.centre) add(v);
  for (const double v : c.metric.Q.reshaped()) add(v);
  for (const double v : c.metric.t) add(v);
  return hash;
}

inline constexpr std::pair<const char*, double Certificate::*> claimed_numbers[] = {
    {"radius", &Certificate::radius},
    {"radius_2norm", &Certificate::radius_2norm},
    {"contraction", &Certificate::contraction},
    {"residual", &Certificate::residual},
    {"error", &Certificate::error},
    {"spectral_radius", &Certificate::spectral_radius}};

inline constexpr std::pair<const char*, ExactNetwork::Kind> step_kinds[] = {
    {"input", ExactNetwork::Kind::input},
    {"affine", ExactNetwork::Kind::affine},
    {"map", ExactNetwork::Kind::map},
    {"sum", ExactNetwork::Kind::sum}};

/// Reads the fields of a JSON object; errors name the file and the field.
class CertificateFields {
 public:
  CertificateFields(const nlohmann::json& object, std::filesystem::path file, std::string where)
      : object_(object), file_(std::move(file)), where_(std::move(where)) {
    if (!object.is_object())
      file_error(file_, where_.empty() ? "the file" : where_, ": expected a JSON object");
  }

  const nlohmann::json& at(const char* name) const {
    if (!object_.contains(name)) fail(name, "is missing");
    return object_[name];
  }
  double number(const char* name) const {
    const nlohmann::json& j = at(name);
    if (!j.is_number() || !std::isfinite(j.get<double>()))
      fail(name, "expected a finite number, got ", printable_json(j));
    return j.get<double>();
  }
  Index whole(const char* name) const {
    const nlohmann::json& j = at(name);
    if (!j.is_number_unsigned() || j.get<std::uint64_t>() > (std::uint64_t(1) << 40))
      fail(name, "expected a whole number >= 0, got ", printable_json(j));
    return j.get<Index>();
  }
  std::string word(const char* name) const {
    const nlohmann::json& j = at(name);
    if (!j.is_string()) fail(name, "expected a text, got ", printable_json(j));
    return j.get<std::string>();
  }
  const nlohmann::json& list(const char* name) const {
    const nlohmann::json& j = at(name);
    if (!j.is_array()) fail(name, "expected a list");
    return j;
  }
  template <class... Parts>
  [[noreturn]] void fail(const char* name, const Parts&... parts) const {
    file_error(file_, where_, where_.empty() ? "" : ".", name, ": ", parts...);
  }

 private:
  const nlohmann::json& object_;
  std::filesystem::path file_;
  std::string where_;
};

/// The arrays of the .npz, each taken once.
class CertificateArrays {
 public:
  explicit CertificateArrays(std::filesystem::path file) : file_(std::move(file)) {
    for (auto& [name, array] : read_npz<double>(file_)) arrays_.emplace(std::move(name), std::move(array));
  }
  Mat<double> take(const std::string& name, const std::vector<Index>& shape) {
    const auto entry = arrays_.extract(name);
    if (entry.empty()) file_error(file_, name, ": is missing");
    const NdArray<double>& a = entry.mapped();
    if (a.shape != shape)
      file_error(file_, name, ": has shape ", shape_text(a.shape), ", expected ", shape_text(shape));
    if (!a.values.allFinite()) file_error(file_, name, ": has numbers that are NaN or infinite");
    return to_matrix(a);
  }
  Index columns(const std::string& name) const {
    const auto entry = arrays_.find(name);
    return entry == arrays_.end() || entry->second.shape.size() != 1 ? 0 : entry->second.shape[0];
  }
  void require_all_taken() const {
    if (!arrays_.empty())
      file_error(file_, printable(arrays_.begin()->first), ": is no array of this certificate");
  }
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  std::map<std::string, NdArray<double>> arrays_;
};

/// phi with these parameters, in the order of map_parameters; false if it has another number of them.
template <class Phi>
bool set_map_parameters(Phi& phi, const std::vector<double>& p) {
  if (map_parameters(phi).size() != p.size()) return false;
  if constexpr (requires { phi.offset = 0.; })
    phi.slope = p[0], phi.offset = p[1];
  else if constexpr (requires { phi.slope = 0.; })
    phi.slope = p[0];
  else if constexpr (requires { phi.alpha = 0.; })
    phi.alpha = p[0];
  else if constexpr (requires { phi.beta = 0.; })
    phi.beta = p[0];
  else if constexpr (requires { phi.lo = 0.; })
    phi.lo = p[0], phi.hi = p[1];
  return true;
}

/// The parameters as the file has them: JSON knows no infinite numbers.
inline CertificateJson parameter_list(const ExactMap& map) {
  CertificateJson list = CertificateJson::array();
  for (const double p : map.parameters)
    if (std::isinf(p))
      list.push_back(p > 0 ? "inf" : "-inf");
    else
      list.push_back(p);
  return list;
}

template <class... Phis>
std::shared_ptr<const ExactMap> map_of_name(const std::string& name, const std::vector<double>& parameters,
                                            const CertificateFields& fields, MapList<Phis...>) {
  std::shared_ptr<const ExactMap> found;
  const auto attempt = [&](auto phi) {
    if (found || name != decltype(phi)::name) return;
    if (!set_map_parameters(phi, parameters))
      fields.fail("parameters", "expected ", map_parameters(phi).size(), ", got ", parameters.size());
    try {
      if constexpr (requires { phi.require_valid(); }) phi.require_valid();
    } catch (const std::invalid_argument& e) {
      fields.fail("parameters", e.what());
    }
    found = std::make_shared<const ExactMap>(exact_map(phi));
  };
  (attempt(Phis{}), ...);
  if (!found) fields.fail("name", "no map is called ", printable(name));
  return found;
}

inline ExactNetwork::Step read_step(const CertificateFields& fields, std::size_t k,
                                    const ExactNetwork& before, CertificateArrays& arrays) {
  using Kind = ExactNetwork::Kind;
  ExactNetwork::Step s;
  const std::string kind = fields.word("kind");
  bool known = false;
  for (const auto& [name, value] : step_kinds)
    if (kind == name) s.kind = value, known = true;
  if (!known || s.kind == Kind::input)
    fields.fail("kind", "expected affine, map or sum, got ", printable(kind));
  s.size = fields.whole("size");
  const auto earlier = [&](const char* name) {
    const auto at = static_cast<std::size_t>(fields.whole(name));
    if (at >= k) fields.fail(name, "expected a step before this one, got ", at);
    return at;
  };
  s.a = earlier("a");
  s.b = earlier("b");
  const Index in = before.steps()[s.a].size;
  if (s.kind != Kind::affine && s.size != in) fields.fail("size", "is ", s.size, ", that of step a is ", in);
  if (s.kind == Kind::sum && before.steps()[s.b].size != in)
    fields.fail("b", "has size ", before.steps()[s.b].size, ", step a has ", in);
  if (s.kind == Kind::affine) {
    s.weight = arrays.take("weight_" + std::to_string(k), {s.size, in});
    s.bias = arrays.take("bias_" + std::to_string(k), {s.size}).col(0);
  }
  if (s.kind == Kind::map) {
    std::vector<double> parameters;
    for (const nlohmann::json& p : fields.list("parameters")) {
      const bool above = p == "inf", below = p == "-inf";
      if (!above && !below && (!p.is_number() || !std::isfinite(p.get<double>())))
        fields.fail("parameters", R"(expected finite numbers, "inf" or "-inf", got )", printable_json(p));
      const double infinite = std::numeric_limits<double>::infinity();
      parameters.push_back(above ? infinite : below ? -infinite : p.get<double>());
    }
    s.map = map_of_name(fields.word("name"), parameters, fields, NamedMaps{});
  }
  return s;
}

}  // namespace detail

/// Writes STEM.npz and then STEM.json, each whole or not at all: together they define the function of
/// `network` and what is claimed of it. `path` is the stem, or either file. Throws std::invalid_argument
/// unless the certificate is verified and of this network, FileError if writing fails.
inline void write_certificate(const std::filesystem::path& path, const ExactNetwork& network,
                              const Certificate& certificate) {
  using detail::CertificateJson;
  using Kind = ExactNetwork::Kind;
  constexpr auto who = "write_certificate";
  detail::require_path(path, who);
  require(certificate.verified, who, ": the certificate is not verified: ", certificate.reason);
  require(certificate.network == network.fingerprint(), who, ": the certificate is of another network");
  const Metric& T = certificate.metric;
  require(certificate.centre.size() == network.size() && T.Q.cols() == T.t.size() &&
              (T.t.size() == 0 || T.Q.rows() == network.size()),
          who, ": centre and metric do not have the network's size");

  CertificateJson steps = CertificateJson::array();
  std::vector<NamedArray<double>> arrays{
      {"centre", {{network.size()}, certificate.centre}},
      {"metric_Q", {{network.size(), T.t.size()}, to_array<double>(T.Q).values}},
      {"metric_t", {{T.t.size()}, T.t}}};
  for (std::size_t k = 0; k < network.steps().size(); ++k) {
    const ExactNetwork::Step& s = network.steps()[k];
    CertificateJson step;
    for (const auto& [name, kind] : detail::step_kinds)
      if (kind == s.kind) step["kind"] = name;
    step["size"] = s.size;
    if (s.kind != Kind::input) step["a"] = s.a, step["b"] = s.b;
    if (s.kind == Kind::map) step["name"] = s.map->name, step["parameters"] = detail::parameter_list(*s.map);
    if (s.kind == Kind::affine) {
      arrays.push_back({"weight_" + std::to_string(k), to_array<double>(s.weight)});
      arrays.push_back({"bias_" + std::to_string(k), {{s.size}, s.bias}});
    }
    steps.push_back(std::move(step));
  }
  CertificateJson claim;
  for (const auto& [name, member] : detail::claimed_numbers) claim[name] = certificate.*member;
  const CertificateJson json{
      {"format", detail::certificate_format},
      {"version", detail::certificate_version},
      {"fingerprint", detail::hexadecimal(certificate.network)},
      {"proof_fingerprint", detail::hexadecimal(detail::proof_fingerprint(certificate))},
      {"size", network.size()},
      {"claim", std::move(claim)},
      {"output", network.output()},
      {"steps", std::move(steps)}};
  write_npz(detail::certificate_path(path, ".npz"), arrays);
  write_atomically(detail::certificate_path(path, ".json"), json.dump(1) + "\n");
}

/// What write_certificate wrote. Throws FileError, naming the file and the field, if one is missing, has the
/// wrong type or shape, is not finite, or does not belong to the rest. That the claim is true is not checked:
/// see check_certificate (basin/certify/checker.hpp). Memory: up to 100 times the JSON, and what read_npz
/// takes.
[[nodiscard]] inline CertificateFile read_certificate(const std::filesystem::path& path) {
  detail::require_path(path, "read_certificate");
  const std::filesystem::path file = detail::certificate_path(path, ".json");
  const Bytes bytes = read_plain_bytes(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr int levels = 4;  // the list of a map's parameters lies in a step in a list in the object
  const auto json = detail::parse_json(text, 0, levels, "file", file.string());
  const detail::CertificateFields top(json, file, "");
  if (top.at("format") != detail::certificate_format)
    top.fail("format", "expected \"", detail::certificate_format, "\", got ",
             detail::printable_json(top.at("format")));
  if (top.at("version") != detail::certificate_version)
    top.fail("version", "expected ", detail::certificate_version, ", got ",
             detail::printable_json(top.at("version")));

  const Index n = top.whole("size");
  CertificateFile out;
  out.network = ExactNetwork(n);
  detail::CertificateArrays arrays(detail::certificate_path(path, ".npz"));
  const nlohmann::json& steps = top.list("steps");
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const detail::CertificateFields fields(steps[k], file, "steps[" + std::to_string(k) + "]");
    if (k > 0)
      out.network.add(detail::read_step(fields, k, out.network, arrays));
    else if (fields.word("kind") != "input" || fields.whole("size") != n)
      fields.fail("kind", "expected the input, of size ", n);
  }
  const auto output = static_cast<std::size_t>(top.whole("output"));
  if (output >= steps.size() || out.network.steps()[output].size != n)
    top.fail("output", "expected a step of size ", n, ", got ", output);
  out.network.set_output(output);

  Certificate& c = out.certificate;
  const detail::CertificateFields claim(top.at("claim"), file, "claim");
  for (const auto& [name, member] : detail::claimed_numbers) c.*member = claim.number(name);
  const Index k = arrays.columns("metric_t");
  c.centre = arrays.take("centre", {n}).col(0);
  c.metric = {arrays.take("metric_Q", {n, k}), Vec<double>(arrays.take("metric_t", {k}).col(0))};
  if (k > 0 && !(c.metric.t.minCoeff() >= 0))
    detail::file_error(arrays.file(), "metric_t: has numbers below 0");
  arrays.require_all_taken();

  c.network = out.network.fingerprint();
  if (top.word("fingerprint") != detail::hexadecimal(c.network))
    top.fail("fingerprint", "is ", detail::printable(top.word("fingerprint")),
             ", that of the network in the files is ", detail::hexadecimal(c.network));
  if (top.word("proof_fingerprint") != detail::hexadecimal(detail::proof_fingerprint(c)))
    top.fail("proof_fingerprint", "is ", detail::printable(top.word("proof_fingerprint")),
             ", that of the arrays in ", arrays.file().filename().string(), " is ",
             detail::hexadecimal(detail::proof_fingerprint(c)));
  c.verified = true;
  return out;
}

}  // namespace basin
