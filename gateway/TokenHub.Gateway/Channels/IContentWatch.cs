namespace TokenHub.Gateway.Channels;

/// <summary>
/// Is told the moment an attempt has brought content: from then on there is no other channel any more.
/// </summary>
internal interface IContentWatch
{
    public void ContentBegun();
}
