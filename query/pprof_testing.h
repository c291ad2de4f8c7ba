// Reads what WritePprof() wrote, with the code that protoc makes of the format. For tests.
#ifndef FLAMEKEEP_QUERY_PPROF_TESTING_H_
#define FLAMEKEEP_QUERY_PPROF_TESTING_H_

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compat/pprof.pb.h"

namespace flamekeep::query {

inline std::string Gunzip(std::string_view data) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  std::string text;
  int result = Z_OK;
  while (result == Z_OK) {
    std::string some(1 << 16, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(some.data());
    stream.avail_out = static_cast<uInt>(some.size());
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(some, 0, some.size() - stream.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
  return text;
}

inline perftools::profiles::Profile ReadPprof(std::string_view data) {
  perftools::profiles::Profile profile;
  EXPECT_TRUE(profile.ParseFromString(Gunzip(data)));
  EXPECT_EQ(profile.string_table(0), "");
  return profile;
}

// A sample as "function@file;...;function@file", root first. Checks that all references are there.
inline std::string PathOf(const perftools::profiles::Profile& profile,
                          const perftools::profiles::Sample& sample) {
  std::map<uint64_t, const perftools::profiles::Function*> functions;
  for (const auto& function : profile.function()) functions[function.id()] = &function;
  std::map<uint64_t, std::string> frames;
  for (const auto& location : profile.location()) {
    EXPECT_NE(location.id(), 0u);
    EXPECT_EQ(location.mapping_id(), profile.mapping(0).id());
    const auto* function = functions.at(location.line(0).function_id());
    const auto& strings = profile.string_table();
    frames[location.id()] = strings.at(static_cast<int>(function->name())) + "@" +
                            strings.at(static_cast<int>(function->filename()));
  }
  std::string path;
  for (int i = sample.location_id_size(); i-- > 0;) {
    path += (path.empty() ? "" : ";") + frames.at(sample.location_id(i));
  }
  return path;
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_PPROF_TESTING_H_
