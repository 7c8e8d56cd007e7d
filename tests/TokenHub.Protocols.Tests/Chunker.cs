using System.Text;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Tests;

/// <summary>Feeds bytes to a reader in every way that a network may cut them.</summary>
internal static class Chunker
{
    /// <summary>Hands on the whole, each cut in two, and single bytes.</summary>
    public static IEnumerable<List<ReadOnlyMemory<byte>>> EveryCut(ReadOnlyMemory<byte> bytes)
    {
        yield return [bytes];
        for (var cut = 1; cut < bytes.Length; cut++)
        {
            yield return [bytes[..cut], bytes[cut..]];
        }

        yield return Single(bytes);
    }

    public static List<ReadOnlyMemory<byte>> Single(ReadOnlyMemory<byte> bytes)
    {
        var pieces = new List<ReadOnlyMemory<byte>>(bytes.Length);
        for (var i = 0; i < bytes.Length; i++)
        {
            pieces.Add(bytes.Slice(i, 1));
        }

        return pieces;
    }

    /// <summary>Reads the pieces into a reader made new, to their end.</summary>
    public static AnswerReader Read(this AnswerReader reader, IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        reader.Reset();
        foreach (var piece in pieces)
        {
            reader.Append(piece.Span);
        }

        reader.Complete();
        return reader;
    }

    public static AnswerReader Read(this AnswerReader reader, string text) =>
        reader.Read([Encoding.UTF8.GetBytes(text)]);

    /// <summary>All that a reader found, as one comparable text.</summary>
    public static string Describe(this AnswerReader reader) => string.Join(
        '\n',
        $"content {reader.HasContent} terminal {reader.IsTerminal} error {reader.HasError}",
        $"error {reader.ErrorType} {reader.ErrorCode} {reader.ErrorMessage}",
        $"usage {reader.Usage} final {reader.UsageIsFinal}",
        $"finish {reader.Finish} id {reader.UpstreamId} model {reader.Model}",
        $"bytes {reader.TextBytes} {reader.ReasoningBytes} {reader.ToolBytes}",
        $"counted {reader.CountedOutputTokens} faults {reader.Faults}");
}
