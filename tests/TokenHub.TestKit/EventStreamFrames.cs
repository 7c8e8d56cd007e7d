using System.Buffers.Binary;
using System.Text;

namespace TokenHub.TestKit;

/// <summary>Builds frames of <c>application/vnd.amazon.eventstream</c>, as Bedrock sends them.</summary>
public static class EventStreamFrames
{
    /// <summary>A frame as Converse sends one.</summary>
    public static byte[] Event(string name, string payload) => Build(
        payload, (":event-type", name), (":content-type", "application/json"), (":message-type", "event"));

    /// <summary>A frame with one of Anthropic's events in it.</summary>
    public static byte[] Chunk(string json) => Event(
        "chunk", $$"""{"bytes":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(json))}}","p":"abcdef"}""");

    /// <summary>A frame that ends a stream badly.</summary>
    public static byte[] Exception(string name, string message) => Build(
        $$"""{"message":"{{message}}"}""",
        (":exception-type", name), (":content-type", "application/json"), (":message-type", "exception"));

    public static byte[] Build(string payload, params (string Name, string Value)[] headers)
    {
        var head = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            head.WriteByte((byte)name.Length);
            head.Write(Encoding.ASCII.GetBytes(name));
            head.WriteByte(7);
            head.Write([(byte)(value.Length >> 8), (byte)value.Length]);
            head.Write(Encoding.ASCII.GetBytes(value));
        }

        return Build(Encoding.UTF8.GetBytes(payload), head.ToArray());
    }

    public static byte[] Build(byte[] payload, byte[] headers)
    {
        var frame = new byte[16 + headers.Length + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)frame.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc(frame.AsSpan(0, 8)));
        headers.CopyTo(frame, 12);
        payload.CopyTo(frame, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Crc(frame.AsSpan(0, frame.Length - 4)));
        return frame;
    }

    // Bit by bit, so that it shares nothing with what it tests.
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
