using System.Text.Json.Serialization;

namespace TokenHub.Core.Usage;

/// <summary>
/// What a channel does when the client leaves in the middle of an answer. Values are stored: never renumber.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<AbortPolicy>))]
public enum AbortPolicy : byte
{
    /// <summary>Break off the upstream at once; what was served until then is counted and charged.</summary>
    [JsonStringEnumMemberName("cancel")] Cancel = 0,

    /// <summary>
    /// Read on for at most 30 s or 2,000 tokens, for upstreams that bill the whole answer anyway; the usage that comes
    /// is charged.
    /// </summary>
    [JsonStringEnumMemberName("drain")] Drain = 1,
}
