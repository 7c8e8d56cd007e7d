using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Errors;

namespace TokenHub.Protocols.Responses;

/// <summary>Writes an answer as one Response.</summary>
internal sealed class ResponsesBodyWriter : ResponsesEncoder
{
    public override void Finish(in TokenUsage usage)
    {
        CloseAll(isCut: StopReason is StopReason.Length or StopReason.ContextLength);
        WriteEnd(isForFunds: false, usage);
    }

    public override void FinishForFunds(in TokenUsage usage)
    {
        CloseAll(isCut: true);
        WriteEnd(isForFunds: true, usage);
    }

    public override void Fail(in ApiError fault) => ErrorBody.Write(Dialect.Responses, Output, fault);

    private protected override void OnStart()
    {
    }

    private protected override void OnOpened(OutputItem item)
    {
    }

    private protected override void OnPart(OutputItem item, ChatEventKind kind)
    {
    }

    private protected override void OnMore(
        OutputItem item, ChatEventKind kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> chances = default)
    {
    }

    private protected override void OnNote(OutputItem item, ReadOnlySpan<byte> note)
    {
    }

    private protected override void OnClosed(OutputItem item)
    {
    }
}
