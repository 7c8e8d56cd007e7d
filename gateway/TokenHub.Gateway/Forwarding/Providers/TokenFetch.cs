using System.Globalization;
using System.Text;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Signing;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>
/// Asks an issuer for a token, over the connections that upstreams are called by: the same look at every address, no
/// redirects.
/// </summary>
internal sealed class TokenFetch(UpstreamPool pool, TimeProvider time, bool allowsOtherIssuers)
{
    private const int AnswerBytesMax = 64 << 10;
    private const int ReadBytes = 4 << 10;

    public async Task<IssuedToken> FetchAsync(ChannelSecret secret, CancellationToken stop)
    {
        var request = TokenExchange.Request(secret, time.GetUtcNow(), allowsOtherIssuers);
        var target = new UpstreamTarget(request.Address);
        using var head = new BufferLease();
        System.Buffers.BuffersExtensions.Write(head, target.Start);
        System.Buffers.BuffersExtensions.Write(head, Encoding.ASCII.GetBytes(
            "accept: application/json\r\ncontent-type: application/x-www-form-urlencoded\r\nuser-agent: TokenHub\r\n"
            + string.Create(CultureInfo.InvariantCulture, $"content-length: {request.Form.Length}\r\n\r\n")));
        using var answer = await pool.SendAsync(target.Host, head, request.Form, stop);
        using var body = new BufferLease();
        while (body.Length < AnswerBytesMax)
        {
            var count = await answer.ReadAsync(body.GetMemory(ReadBytes));
            if (count == 0)
            {
                break;
            }

            body.Advance(count);
        }

        return TokenExchange.Read(answer.Status, body.Memory);
    }
}
