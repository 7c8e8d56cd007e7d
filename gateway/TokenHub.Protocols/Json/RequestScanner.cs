using System.Text;
using System.Text.Unicode;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Json;

/// <summary>
/// Reads a request body once, forward, without copying it: is it one strict JSON document, which model, how large.
/// What any parser downstream might read otherwise (duplicates, spellings, comments, a second document) is refused.
/// </summary>
public static class RequestScanner
{
    public const int DepthMax = 64;

    public const int ModelBytesMax = UsageRecord.ModelBytesMax;

    /// <summary>Names and values outside strings that a body may have for each begun MiB of its size.</summary>
    public const int TokensPerMegabyteMax = 100_000;

    private const int Megabyte = 1 << 20;

    /// <summary>False with a fault when the body must be refused. A body for Gemini needs no model.</summary>
    public static bool TryScan(
        Dialect dialect, ReadOnlySpan<byte> body, out RequestFacts facts, out RequestFault fault) =>
        TryScan(dialect, body, isMedia: false, out facts, out fault);

    /// <param name="isMedia">The call is for pictures or speech, where some names mean other things.</param>
    public static bool TryScan(
        Dialect dialect, ReadOnlySpan<byte> body, bool isMedia, out RequestFacts facts, out RequestFault fault)
    {
        facts = default;
        if (body.IsEmpty)
        {
            fault = new RequestFault(RequestFaultCode.Empty, "", 0);
            return false;
        }

        if (!Utf8.IsValid(body))
        {
            fault = new RequestFault(RequestFaultCode.InvalidUtf8, "", InvalidUtf8At(body));
            return false;
        }

        var sink = new RequestSink(dialect, body, isMedia);
        var json = new JsonTokenizer();
        json.Reset(DepthMax);
        fault = Read(body, ref json, ref sink);
        if (fault.Code == RequestFaultCode.None)
        {
            fault = sink.Finish();
        }

        facts = sink.ToFacts();
        return fault.Code == RequestFaultCode.None;
    }

    private static RequestFault Read(ReadOnlySpan<byte> body, ref JsonTokenizer json, ref RequestSink sink)
    {
        for (var offset = 0; offset < body.Length;)
        {
            var slice = body.Slice(offset, Math.Min(Megabyte, body.Length - offset));
            var taken = json.Feed(slice, ref sink);
            if (json.Fault != JsonFault.None)
            {
                return FaultOf(json.Fault, body, json.Position);
            }

            if (json.Tokens > TokensPerMegabyteMax * (1 + offset / Megabyte))
            {
                return new RequestFault(RequestFaultCode.TooManyTokens, "", json.Position);
            }

            offset += taken;
            if (json.IsDone)
            {
                return Trailing(body, offset);
            }
        }

        // A number at the end of a body is the one document that has no end of its own; it is no object either way.
        return json.Tokens == 0
            ? new RequestFault(RequestFaultCode.Empty, "", body.Length)
            : new RequestFault(RequestFaultCode.NotJson, "", body.Length, "it ends too soon,");
    }

    private static RequestFault Trailing(ReadOnlySpan<byte> body, int offset)
    {
        var rest = body[offset..].IndexOfAnyExcept(" \t\r\n"u8);
        return rest < 0 ? default : new RequestFault(RequestFaultCode.TrailingBytes, "", offset + rest);
    }

    private static RequestFault FaultOf(JsonFault fault, ReadOnlySpan<byte> body, long position)
    {
        if (fault == JsonFault.TooDeep)
        {
            return new RequestFault(RequestFaultCode.TooDeep, "", position);
        }

        var found = body[(int)position];
        var wanted = fault switch
        {
            JsonFault.ControlInString => "a raw control character in a string",
            JsonFault.BadEscape => "an unknown escape in a string",
            JsonFault.BadNumber => "a malformed number",
            JsonFault.NumberTooLong => "a number of too many digits",
            _ when position == 0 && body.StartsWith(Encoding.UTF8.Preamble) => "a byte order mark",
            _ when found == '/' || found == '#' => "a comment",
            _ when found == 0 => "a NUL",
            _ => "an unexpected character",
        };
        return new RequestFault(RequestFaultCode.NotJson, "", position, wanted);
    }

    private static int InvalidUtf8At(ReadOnlySpan<byte> body)
    {
        var offset = 0;
        while (Rune.DecodeFromUtf8(body[offset..], out _, out var consumed) == System.Buffers.OperationStatus.Done)
        {
            offset += consumed;
        }

        return offset;
    }
}
