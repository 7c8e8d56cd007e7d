using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>Translations to be used again: decoder and encoder keep the room that they have grown.</summary>
internal sealed class AnswerTranslations(SideStore store)
{
    private const int KeptMax = 128;
    private const int Dialects = (int)Dialect.Converse + 1;

    private readonly KeptStack<AnswerTranslation>?[] _kept = new KeptStack<AnswerTranslation>?[Dialects * Dialects * 2];

    /// <summary>A translation of the answer to an exchange, begun.</summary>
    public AnswerTranslation Rent(Exchange exchange, AnswerContext context)
    {
        var (upstream, client, isStream) = (exchange.UpstreamDialect, exchange.Dialect, exchange.IsStream);
        if (!KeptAt(upstream, client, isStream).TryPop(out var translation))
        {
            var target = DialectCodecs.Of(client);
            var newEncoder = isStream ? target.NewStreamEncoder : target.NewBodyEncoder;
            translation = new AnswerTranslation(DialectCodecs.Of(upstream).NewDecoder(), newEncoder!());
        }

        var key = exchange.Key!;
        translation.Begin(context, OpaqueCatch.IsFor(client) ? caught => store.Keep(key, caught) : null);
        return translation;
    }

    public void Return(Exchange exchange, AnswerTranslation translation) =>
        KeptAt(exchange.UpstreamDialect, exchange.Dialect, exchange.IsStream).TryPush(translation);

    private KeptStack<AnswerTranslation> KeptAt(Dialect upstream, Dialect client, bool isStream)
    {
        ref var kept = ref _kept[(((int)upstream * Dialects) + (int)client) * 2 + (isStream ? 1 : 0)];
        return Volatile.Read(ref kept)
            ?? Interlocked.CompareExchange(ref kept, new KeptStack<AnswerTranslation>(KeptMax), null)
            ?? kept!;
    }
}
