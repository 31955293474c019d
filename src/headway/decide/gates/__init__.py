"""Gates: may this version be released at all?"""
