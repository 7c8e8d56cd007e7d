using System.Text;
using System.Text.Json;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>What a client can rely on, whatever the upstream sent: framing that holds, and JSON in every event.</summary>
internal static class SoundOutput
{
    private const int DepthMax = 1024;

    /// <summary>One JSON document and nothing else.</summary>
    public static void AssertDocument(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
        try
        {
            while (reader.Read())
            {
            }
        }
        catch (JsonException fault)
        {
            Assert.Fail($"{fault.Message}\n{Encoding.UTF8.GetString(json)}");
        }
    }

    /// <summary>
    /// Events, each of at most a name and one line of data, parted by blank lines; Gemini's error stands bare at the
    /// end.
    /// </summary>
    public static void AssertStream(ReadOnlySpan<byte> stream, bool isBareLast)
    {
        while (!stream.IsEmpty)
        {
            if (isBareLast && stream[0] == '{')
            {
                AssertDocument(stream);
                return;
            }

            var end = stream.IndexOf("\n\n"u8);
            Assert.True(end > 0, $"An event without end: {Encoding.UTF8.GetString(stream)}");
            AssertEvent(stream[..end]);
            stream = stream[(end + 2)..];
        }

        Assert.False(isBareLast, "The error is missing.");
    }

    private static void AssertEvent(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("event: "u8))
        {
            text = text[(text.IndexOf((byte)'\n') + 1)..];
        }

        Assert.True(
            text.StartsWith("data: "u8) && text.IndexOfAny((byte)'\n', (byte)'\r') < 0,
            $"No event: {Encoding.UTF8.GetString(text)}");
        var data = text["data: ".Length..];
        if (!data.SequenceEqual("[DONE]"u8))
        {
            AssertDocument(data);
        }
    }
}
