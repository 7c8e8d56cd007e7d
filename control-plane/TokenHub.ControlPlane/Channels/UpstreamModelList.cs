using System.Net.Http.Headers;
using System.Text;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.ControlPlane.Channels;

/// <summary>Asks an upstream which models it has: within a time, up to a size, over checked addresses alone.</summary>
internal sealed class UpstreamModelList(
    UpstreamConnector connector,
    UpstreamRules rules,
    CredentialSeal seal,
    ReplacedCredentials replaced,
    TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    private const int AnswerBytesMax = 4 << 20;
    private const int ModelsMax = 2000;

    public async Task<UpstreamModels> ReadAsync(ChannelRow channel, CancellationToken cancellation)
    {
        if (ChannelUpstream.Open(channel, seal) is not { } upstream)
        {
            return Failed(null, UpstreamFaults.Sealed);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Timeout);
        try
        {
            return await ReadAsync(upstream, timeout.Token);
        }
        catch (Exception fault) when (UpstreamFaults.Explain(fault, Timeout, cancellation) is { } sentence)
        {
            return Failed(null, sentence);
        }
        finally
        {
            await replaced.KeepAsync(upstream, cancellation);
        }
    }

    private async Task<UpstreamModels> ReadAsync(ChannelUpstream upstream, CancellationToken cancellation)
    {
        using var client = connector.CreateClient();
        var found = new SortedDictionary<string, ListedModel>(StringComparer.Ordinal);
        var last = Failed(null, "The upstream lists no models.");
        foreach (var address in upstream.Site.ListUrls)
        {
            var (models, failed) = await AskAsync(client, upstream, address, cancellation);
            last = failed ?? last;
            foreach (var model in models)
            {
                found.TryAdd(model.Id, model);
            }

            if (found.Count > 0 && !upstream.Site.AddsLists)
            {
                break;
            }
        }

        return found.Count == 0 ? last : new UpstreamModels
        {
            Ok = true,
            Models = [.. found.Values.Take(ModelsMax)
                .Select(model => new UpstreamModelView { Id = model.Id, Name = model.Name })],
            Status = 200,
        };
    }

    private async Task<(IReadOnlyList<ListedModel> Models, UpstreamModels? Failed)> AskAsync(
        HttpMessageInvoker client, ChannelUpstream upstream, string address, CancellationToken cancellation)
    {
        using var request = await upstream.RequestAsync(client, rules, time, address, body: null, cancellation);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (upstream.Row.Provider == "anthropic")
        {
            request.Headers.TryAddWithoutValidation("anthropic-version", "2023-06-01");
        }

        using var response = await client.SendAsync(request, cancellation);
        var status = (int)response.StatusCode;
        var body = await ChannelUpstream.ReadAsync(response, AnswerBytesMax, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return ModelListReader.Read(body) is { } models
                ? (models, null)
                : ([], Failed(status, "The upstream's answer is no list of models."));
        }

        var said = Redaction.Clean(Encoding.UTF8.GetString(body), upstream.Secrets);
        return ([], Failed(status, $"The upstream answered {status}. {said}".TrimEnd()));
    }

    private static UpstreamModels Failed(int? status, string error) =>
        new() { Ok = false, Models = [], Status = status, Error = error };
}
