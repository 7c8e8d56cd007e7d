using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenHub.ControlPlane.Wire;

/// <summary>Times on the wire: RFC 3339 with <c>Z</c>. What is read must say its offset.</summary>
internal sealed class UtcTimeJson : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTime(out var time)
            && time.Kind != DateTimeKind.Unspecified)
        {
            return time.ToUniversalTime();
        }

        throw new ValueRefusedException("bad_time", "must be a time with its offset, such as 2030-01-31T12:00:00Z");
    }

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToUniversalTime());
}
