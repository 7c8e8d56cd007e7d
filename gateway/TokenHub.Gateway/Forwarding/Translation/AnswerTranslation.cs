using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// An answer on its way from the upstream's protocol into the client's: a decoder, and the encoder that takes its
/// events. Whole events come out, each as soon as it is there.
/// </summary>
internal sealed class AnswerTranslation(AnswerDecoder decoder, AnswerEncoder encoder) : IStreamFilter
{
    /// <summary>Room for what a read becomes that is kept for the next.</summary>
    private const int KeptBytesMax = 64 << 10;

    private readonly OpaqueCatch _catch = new();
    private StopCut? _cut;
    private bool _isCut;
    private bool _endsAtStop;

    // An encoder writes an event in many small pieces, and the client's pipe takes a lock for each.
    private ArrayBufferWriter<byte> _events = new(1 << 10);
    private IChatSink _sink = encoder;
    private Action<OpaqueCatch>? _keep;
    private SilencePing? _ping;

    /// <summary>Keeps the client's stream alive while the upstream is silent.</summary>
    public SilencePing Ping => _ping ??= new SilencePing();

    public bool IsBroken => decoder.IsBroken;

    public bool IsThrough => _endsAtStop && _cut!.IsThrough;

    /// <summary>Another answer begins.</summary>
    /// <param name="keep">Is given, at the end, what the client's protocol has no place for; null where it has.</param>
    public void Begin(AnswerContext context, Action<OpaqueCatch>? keep)
    {
        decoder.Begin(context);
        encoder.Begin(context);
        IChatSink client = encoder;
        _isCut = context.Stops.Count > 0;
        _endsAtStop = _isCut && context.EndsAtStop;
        if (_isCut)
        {
            client = _cut ??= new StopCut();
            _cut.Begin(encoder, context);
        }

        _catch.Begin(client, context.Upstream, context.UpstreamModel);
        (_keep, _sink) = (keep, keep is null ? client : _catch);
    }

    public void Append(ReadOnlySpan<byte> upstream, IBufferWriter<byte> output)
    {
        encoder.WriteTo(_events);
        decoder.Append(upstream, _sink);
        if (_events.WrittenCount == 0)
        {
            return;
        }

        _ping?.Note();
        output.Write(_events.WrittenSpan);
        if (_events.Capacity > KeptBytesMax)
        {
            _events = new ArrayBufferWriter<byte>(1 << 10);
        }

        _events.ResetWrittenCount();
    }

    public void Complete(in TokenUsage usage, IBufferWriter<byte> output)
    {
        encoder.WriteTo(output);
        decoder.Complete(_sink);
        EndCut();
        _keep?.Invoke(_catch);
        encoder.Finish(usage);
    }

    public bool TryEndForFunds(in TokenUsage usage, IBufferWriter<byte> output)
    {
        encoder.WriteTo(output);
        EndCut();
        encoder.FinishForFunds(usage);
        return true;
    }

    public bool TryFail(in ApiError error, IBufferWriter<byte> output)
    {
        encoder.WriteTo(output);
        EndCut();
        encoder.Fail(error);
        return true;
    }

    private void EndCut()
    {
        if (_isCut)
        {
            _cut!.Flush();
        }
    }
}
