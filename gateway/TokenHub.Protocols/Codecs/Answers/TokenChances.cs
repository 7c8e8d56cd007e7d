using System.Buffers;
using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs.Answers;

/// <summary>
/// Log probabilities of an answer's tokens. On their way they are the elements of OpenAI's list, with commas between:
/// Chat and Responses have the same, Gemini has two lists side by side.
/// </summary>
internal static class TokenChances
{
    /// <summary>Of a longer token, which no vocabulary has, the bytes are not spelt out.</summary>
    private const int TokenBytesMax = 256;

    /// <summary>Reads a list as Chat and Responses have it, into what is on its way.</summary>
    public static void ReadList(JsonSlice list, ArrayBufferWriter<byte> output)
    {
        for (var walk = new JsonWalk(list); walk.NextItem(out var item);)
        {
            var entry = new Entry();
            entry.Read(item);
            if (entry.IsKnown)
            {
                output.Write(output.WrittenCount > 0 ? ",{"u8 : "{"u8);
                entry.Write(output);
                output.Write(",\"top_logprobs\":["u8);
                WriteOthers(entry.Others, output);
                output.Write("]}"u8);
            }
        }
    }

    /// <summary>Reads a <c>logprobsResult</c>: what was chosen, and beside it what might have been.</summary>
    public static void ReadResult(ReadOnlySpan<byte> result, ArrayBufferWriter<byte> output)
    {
        JsonSlice chosen = default, top = default;
        for (var walk = new JsonWalk(result); walk.NextMember();)
        {
            if (walk.NameIs("chosenCandidates"u8))
            {
                chosen = walk.Value();
            }
            else if (walk.NameIs("topCandidates"u8))
            {
                top = walk.Value();
            }
        }

        var others = new JsonWalk(top);
        for (var walk = new JsonWalk(chosen); walk.NextItem(out var item);)
        {
            var entry = new Entry();
            entry.Read(item);
            var hasOthers = others.NextItem(out var beside);
            if (!entry.IsKnown)
            {
                continue;
            }

            output.Write(output.WrittenCount > 0 ? ",{"u8 : "{"u8);
            entry.Write(output);
            output.Write(",\"top_logprobs\":["u8);
            for (var members = new JsonWalk(hasOthers ? beside : default); members.NextMember();)
            {
                if (members.NameIs("candidates"u8))
                {
                    WriteOthers(members.Value(), output);
                }
            }

            output.Write("]}"u8);
        }
    }

    /// <summary>Writes what is on its way as the member <c>logprobsResult</c>, behind a comma.</summary>
    public static void WriteResult(
        ReadOnlySpan<byte> chances, IBufferWriter<byte> output, ArrayBufferWriter<byte> scratch)
    {
        scratch.ResetWrittenCount();
        scratch.Write("["u8);
        scratch.Write(chances);
        scratch.Write("]"u8);
        output.Write(",\"logprobsResult\":{\"topCandidates\":["u8);
        var isFirst = true;
        for (var walk = new JsonWalk(scratch.WrittenSpan); walk.NextItem(out var item); isFirst = false)
        {
            var entry = new Entry();
            entry.Read(item);
            output.Write(isFirst ? "{\"candidates\":["u8 : ",{\"candidates\":["u8);
            WriteCandidates(entry.Others, output);
            output.Write("]}"u8);
        }

        output.Write("],\"chosenCandidates\":["u8);
        isFirst = true;
        for (var walk = new JsonWalk(scratch.WrittenSpan); walk.NextItem(out var item); isFirst = false)
        {
            var entry = new Entry();
            entry.Read(item);
            output.Write(isFirst ? default : ","u8);
            entry.WriteCandidate(output);
        }

        output.Write("]}"u8);
    }

    private static void WriteOthers(JsonSlice list, IBufferWriter<byte> output)
    {
        var isFirst = true;
        for (var walk = new JsonWalk(list); walk.NextItem(out var item);)
        {
            var entry = new Entry();
            entry.Read(item);
            if (entry.IsKnown)
            {
                output.Write(isFirst ? "{"u8 : ",{"u8);
                entry.Write(output);
                output.Write("}"u8);
                isFirst = false;
            }
        }
    }

    private static void WriteCandidates(JsonSlice list, IBufferWriter<byte> output)
    {
        var isFirst = true;
        for (var walk = new JsonWalk(list); walk.NextItem(out var item); isFirst = false)
        {
            var entry = new Entry();
            entry.Read(item);
            output.Write(isFirst ? default : ","u8);
            entry.WriteCandidate(output);
        }
    }

    /// <summary>A token and how likely it was, in either way of writing it.</summary>
    private ref struct Entry
    {
        private JsonSlice _token;
        private JsonSlice _chance;
        private JsonSlice _bytes;

        /// <summary>What might have stood in its place.</summary>
        public JsonSlice Others;

        public readonly bool IsKnown =>
            _token.Type == JsonTokenType.String && _chance.Type == JsonTokenType.Number;

        public void Read(JsonSlice item)
        {
            for (var walk = new JsonWalk(item); walk.NextMember();)
            {
                if (walk.NameIs("token"u8))
                {
                    _token = walk.Value();
                }
                else if (walk.NameIs("logprob"u8) || walk.NameIs("logProbability"u8))
                {
                    _chance = walk.Value();
                }
                else if (walk.NameIs("bytes"u8))
                {
                    _bytes = walk.Value();
                }
                else if (walk.NameIs("top_logprobs"u8))
                {
                    Others = walk.Value();
                }
            }
        }

        /// <summary>OpenAI's members. Of a token that nobody gave the bytes of, they are those of its text.</summary>
        public readonly void Write(IBufferWriter<byte> output)
        {
            output.Write("\"token\":\""u8);
            output.Write(_token.Text);
            output.Write("\",\"logprob\":"u8);
            output.Write(_chance.Bytes);
            if (!_bytes.IsArray && _token.Text.Length > TokenBytesMax)
            {
                output.Write(",\"bytes\":null"u8);
                return;
            }

            output.Write(",\"bytes\":["u8);
            if (_bytes.IsArray)
            {
                WriteNumbers(_bytes, output);
            }
            else
            {
                WriteBytes(_token.Text, output);
            }

            output.Write("]"u8);
        }

        /// <summary>Gemini's.</summary>
        public readonly void WriteCandidate(IBufferWriter<byte> output)
        {
            output.Write("{\"token\":\""u8);
            output.Write(_token.Text);
            output.Write("\",\"logProbability\":"u8);
            output.Write(_chance.Bytes);
            output.Write("}"u8);
        }

        private static void WriteNumbers(JsonSlice list, IBufferWriter<byte> output)
        {
            var isFirst = true;
            for (var walk = new JsonWalk(list); walk.NextItem(out var number); isFirst = false)
            {
                output.Write(isFirst ? default : ","u8);
                output.WriteNumber(number.NumberOr(0));
            }
        }

        private static void WriteBytes(ReadOnlySpan<byte> inside, IBufferWriter<byte> output)
        {
            Span<byte> utf8 = stackalloc byte[4];
            for (var isFirst = true; !inside.IsEmpty;)
            {
                var length = 1;
                if (inside[0] == '\\')
                {
                    length = JsonText.ReadEscape(ref inside).EncodeToUtf8(utf8);
                }
                else
                {
                    utf8[0] = inside[0];
                    inside = inside[1..];
                }

                foreach (var one in utf8[..length])
                {
                    output.Write(isFirst ? default : ","u8);
                    output.WriteNumber(one);
                    isFirst = false;
                }
            }
        }
    }
}
