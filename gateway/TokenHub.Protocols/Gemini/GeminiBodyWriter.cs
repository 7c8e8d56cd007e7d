using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Gemini.Parts;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini;

/// <summary>Writes an answer of Gemini in one piece: all of it is kept until the end.</summary>
internal sealed class GeminiBodyWriter : GeminiParts
{
    public override void Fail(in ApiError fault) => ErrorBody.Write(Dialect.Gemini, Output, fault);

    private protected override void WriteText(
        int choice, ReadOnlySpan<byte> text, bool isThought, ReadOnlySpan<byte> carrier)
    {
        var candidate = CandidateOf(choice);
        var kind = isThought ? OpenPart.Thought : OpenPart.Text;
        if (candidate.Open != kind || !carrier.IsEmpty)
        {
            EndText(choice);
            BeginPart(candidate);
            candidate.Open = kind;
            candidate.Parts.Write("{"u8);
            if (!carrier.IsEmpty)
            {
                candidate.Parts.Write("\"thoughtSignature\":\""u8);
                candidate.Parts.Write(carrier);
                candidate.Parts.Write("\","u8);
            }

            candidate.Parts.Write("\"text\":\""u8);
        }

        candidate.Parts.Write(text);
    }

    private protected override void EndText(int choice)
    {
        var candidate = CandidateOf(choice);
        if (candidate.Open != OpenPart.None)
        {
            candidate.Parts.Write(candidate.Open == OpenPart.Thought ? "\",\"thought\":true}"u8 : "\"}"u8);
            candidate.Open = OpenPart.None;
        }
    }

    private protected override void WritePart(int choice, ReadOnlySpan<byte> part)
    {
        EndText(choice);
        var candidate = CandidateOf(choice);
        BeginPart(candidate);
        candidate.Parts.Write(part);
    }

    private protected override void End(in TokenUsage usage, bool isForFunds)
    {
        Output.Write("{\"candidates\":["u8);
        CandidateOf(0);
        for (var i = 0; i < Count; i++)
        {
            if (this[i].TakeCarrier() is { } carrier)
            {
                EndText(i);
                WriteText(i, default, isThought: false, carrier);
            }

            EndText(i);
            Output.Write(i > 0 ? ",{\"content\":{\"parts\":["u8 : "{\"content\":{\"parts\":["u8);
            Output.Write(this[i].Parts.WrittenSpan);
            Output.Write("],\"role\":\"model\"},"u8);
            WriteFinish(i, isForFunds);
            Output.Write("}"u8);
        }

        Output.Write("],"u8);
        UsageWriter.Write(Output, usage);
        Output.Write(",\"modelVersion\":"u8);
        JsonText.Write(Output, Context.Model);
        Output.Write(",\"responseId\":"u8);
        JsonText.Write(Output, Context.RequestId);
        if (isForFunds)
        {
            FundsNote.WriteMember(Output);
        }

        Output.Write("}"u8);
    }

    private static void BeginPart(CandidateDraft candidate)
    {
        if (candidate.Parts.WrittenCount > 0)
        {
            candidate.Parts.Write(","u8);
        }
    }
}
